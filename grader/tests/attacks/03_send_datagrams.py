# attack: 03 | earns: nothing | needs: filtered system calls | tries: carry what was seen out by datagrams, raw sockets and netlink
import socket

for _family, _kind in ((socket.AF_INET, socket.SOCK_DGRAM), (socket.AF_INET6, socket.SOCK_DGRAM),
                       (socket.AF_INET, socket.SOCK_RAW), (socket.AF_NETLINK, socket.SOCK_RAW), (40, socket.SOCK_STREAM)):
    try:
        with socket.socket(_family, _kind):
            print("LEAK a socket of family", _family)
    except OSError:
        continue
