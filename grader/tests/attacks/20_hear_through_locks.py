# attack: 20 | earns: nothing | needs: filtered system calls | in: hw5_gan | tries: lock and open files that all submissions can read, for one that is graded at the same time to see
import ctypes as _ctypes
import fcntl as _fcntl
import os as _os
import select as _select
import signal as _signal
import struct as _struct
import time as _time

_shared = _os.open(_os.__file__, _os.O_RDONLY)
_libc = _ctypes.CDLL(None)
_watch = _libc.inotify_init1(_os.O_NONBLOCK)
if _watch >= 0:
    _libc.inotify_add_watch(_watch, _os.__file__.encode(), 0x20)  # somebody opens it
_other = _os.fork()  # in the place of another submission
if _other == 0:
    try:
        _own = _os.open(_os.__file__, _os.O_RDONLY)
        _fcntl.flock(_own, _fcntl.LOCK_EX)
        _fcntl.fcntl(_own, _fcntl.F_SETLK, _struct.pack("hhqqi4x", _fcntl.F_RDLCK, 0, 1708, 1, 0))
        _time.sleep(10)
    finally:
        _os._exit(0)
_time.sleep(1)
try:
    _fcntl.flock(_shared, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
except OSError as _error:
    print("LEAK another's lock is seen:", _error)
try:
    _asked = _struct.pack("hhqqi4x", _fcntl.F_WRLCK, 0, 1708, 1, 0)
    if _struct.unpack("hhqqi4x", _fcntl.fcntl(_shared, _fcntl.F_GETLK, _asked))[0] != _fcntl.F_UNLCK:
        print("LEAK another's lock of a byte is seen")
except OSError:
    pass
if _watch >= 0 and _select.select([_watch], [], [], 0)[0]:
    print("LEAK it is seen who opens a file")
_os.kill(_other, _signal.SIGKILL)
