# attack: 20 | earns: nothing | needs: own file system | in: hw5_gan | tries: leave marks on devices, and on what is inherited from the server, for the next submission
import fcntl as _fcntl
import os as _os
import time as _time

_GET_SIGNAL, _SET_SIGNAL, _CANARY = 11, 10, 37
for _device in ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"):
    try:
        _os.utime(_device)
    except OSError:
        continue
    print("LEAK the times of a device can be set, and read by whoever comes next:", _device)
if _fcntl.fcntl(0, _GET_SIGNAL) == _CANARY:
    print("LEAK the standard input has kept what an earlier process has set")
_fcntl.fcntl(0, _SET_SIGNAL, _CANARY)
_fcntl.flock(0, _fcntl.LOCK_EX | _fcntl.LOCK_NB)
