# attack: 22 | earns: nothing | needs: filtered system calls | in: hw5_gan | tries: reach the machine's services by the names of their sockets, which start programs for whoever owns them
import errno as _errno
import os as _os
import socket as _socket

_NOT_THERE = (_errno.ENOENT, _errno.EPERM)  # anything else says that the name was looked at
for _place in ("/run", "/var", "/home", "/proc"):
    for _kind in (_socket.SOCK_STREAM, _socket.SOCK_SEQPACKET, _socket.SOCK_DGRAM, _socket.SOCK_RAW):
        try:
            with _socket.socket(_socket.AF_UNIX, _kind) as _one:
                _one.connect(_place)
        except OSError as _error:
            if _error.errno not in _NOT_THERE:
                print("LEAK a socket could be reached:", _place, _error)
    try:
        for _one in _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_DGRAM):
            _one.sendto(b"stowaway", _place)
    except OSError as _error:
        if _error.errno not in _NOT_THERE:
            print("LEAK a message could be sent:", _place, _error)
if _os.getpid() != 1 and _os.getuid() < 61_000:  # where others are in sight, and the id is no submission's own
    try:
        _os.setpriority(_os.PRIO_USER, 0, 7)
        print("LEAK every process of who grades has another priority now")
    except OSError:
        pass
