# attack: 03 | earns: nothing | needs: no network | tries: connect to the world, to a listener on this machine, and to a socket without a file
import socket

for _kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
    for _address in (("192.0.2.1", 9), ("127.0.0.1", 54461), ("8.8.8.8", 53)):
        with socket.socket(socket.AF_INET, _kind) as _socket:
            _socket.settimeout(0.3)
            try:
                _socket.connect(_address)
                _socket.send(b"stowaway")
                print("LEAK", _address)
            except OSError:
                continue
for _name in ("\0canary-listener", "/var/run/docker.sock"):
    with socket.socket(socket.AF_UNIX) as _socket:
        try:
            _socket.connect(_name)
            print("LEAK", _name)
        except OSError:
            continue
try:
    print("LEAK", socket.gethostbyname("www.gradescope.com"))
except OSError:
    pass
