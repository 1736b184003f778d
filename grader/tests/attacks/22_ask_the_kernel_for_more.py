# attack: 22 | earns: nothing | needs: filtered system calls | tries: ask for namespaces, mounts, keys, shared memory, tracing and other doors of the kernel
import ctypes
import os

_libc = ctypes.CDLL(None, use_errno=True)
_calls = {
    "memfd_create": lambda: _libc.memfd_create(b"stowaway", 0),
    "shmget": lambda: _libc.shmget(0x5707, 4096, 0o1666),
    "msgget": lambda: _libc.msgget(0x5707, 0o1666),
    "semget": lambda: _libc.semget(0x5707, 1, 0o1666),
    "mq_open": lambda: _libc.syscall(240 if os.uname().machine == "x86_64" else 180, b"stowaway", 0o102, 0o666, None),
    "keyctl": lambda: _libc.syscall(250 if os.uname().machine == "x86_64" else 219, 0, -3, 1),
    "ptrace": lambda: _libc.ptrace(0, 0, 0, 0),
    "unshare user": lambda: _libc.unshare(0x10000000),
    "io_uring": lambda: _libc.syscall(425, 8, (ctypes.c_char * 120)()),
    "bpf": lambda: _libc.syscall(321 if os.uname().machine == "x86_64" else 280, 0, (ctypes.c_char * 64)(), 64),
    "userfaultfd": lambda: _libc.syscall(323 if os.uname().machine == "x86_64" else 282, 1),
    "the owner of a descriptor, who gets its signals": lambda: _libc.fcntl(0, 8, os.getpid()),
    "watches on files": lambda: _libc.inotify_init1(0),
    "asynchronous files": lambda: _libc.syscall(
        206 if os.uname().machine == "x86_64" else 0, 8, ctypes.byref(ctypes.c_ulong())
    ),
    "descriptors of one thread": lambda: _libc.syscall(436, 4000, 0xFFFFFFFF, 2),
    "perf": lambda: _libc.syscall(298 if os.uname().machine == "x86_64" else 241, (ctypes.c_char * 128)(), 0, -1, -1, 0),
}
for _name, _call in _calls.items():
    if _call() >= 0:
        print("LEAK", _name)
