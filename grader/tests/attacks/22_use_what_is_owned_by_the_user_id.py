# attack: 22 | earns: nothing | needs: another user id | tries: trace the parent, become root again, and mount a view of /proc
import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)
if _libc.ptrace(16, 1, 0, 0) == 0 or os.getuid() == 0 and _libc.setuid(0) == 0 and os.access("/root", os.R_OK):
    print("LEAK a process that is not ours can be traced, or root is back")
for _drop in (os.setuid, os.setgid):
    try:
        if os.getuid() != 0:
            _drop(0)
            print("LEAK", _drop.__name__)
    except OSError:
        continue
_libc.unshare(0x10000000 | 0x00020000)
if _libc.mount(b"none", b"/tmp", b"tmpfs", 0, b"") == 0 or _libc.mount(b"proc", b"/proc", b"proc", 0, b"") == 0:
    print("LEAK a file system was mounted")
