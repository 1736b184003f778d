"""A filter of system calls (seccomp): what no homework needs fails with "not permitted", in a process and its children.

Built with libseccomp, which knows the numbers of the calls on every architecture, through its binding pyseccomp. A call
that this version of the library does not know is left out: an old library runs on old kernels.
"""

from __future__ import annotations

import errno
import socket
from functools import cache
from types import ModuleType

from grader.bench import kernel

try:
    import pyseccomp
except (ImportError, OSError, RuntimeError):  # no binding, or no library that it finds
    pyseccomp: ModuleType | None = None  # type: ignore[no-redef]

_MEMORY_OF_NO_PROCESS = """memfd_create memfd_secret shmget shmat shmctl shmdt msgget msgsnd msgrcv msgctl semget semop
    semtimedop semctl mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr add_key request_key
    keyctl"""
_OTHER_PROCESSES = """ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_open pidfd_getfd
    pidfd_send_signal kcmp migrate_pages move_pages"""
_NAMESPACES_AND_MOUNTS = """unshare setns mount umount umount2 pivot_root chroot fsopen fsconfig fsmount fspick
    move_mount open_tree open_tree_attr mount_setattr statmount listmount name_to_handle_at open_by_handle_at
    fanotify_init quotactl quotactl_fd swapon swapoff"""
_WHAT_OTHERS_OPEN = "inotify_init inotify_init1 inotify_add_watch"
"""The interpreter's files are the same for all: what one submission opens or locks, another could see meanwhile."""
_LARGE_SURFACES = """io_uring_setup io_uring_enter io_uring_register io_setup bpf userfaultfd perf_event_open
    lookup_dcookie nfsservctl vmsplice uselib modify_ldt sync syncfs"""
_THE_MACHINE = """kexec_load kexec_file_load init_module finit_module delete_module reboot acct iopl ioperm settimeofday
    clock_settime clock_adjtime adjtimex sethostname setdomainname syslog vhangup"""
_FILES_OF_THE_SAME_USER = """chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat
    utimensat setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr fremovexattr removexattrat truncate
    truncate64 file_setattr"""
"""What Landlock does not know, or not in its first versions."""
_SOCKETS_WITH_NAMES = "connect bind"
"""A desktop's or a container's service starts programs for whoever reaches its socket, and no layer but a view of the
file system of one's own keeps a process from it: Landlock does not know such names. Those without a file, all share who
have no network of their own."""
_DATAGRAMS = 2
"""The bit in which the kinds of sockets that send datagrams, 2 and 3, differ from those of streams, 1 and 5."""
_SIGNALS = "kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo"
_SETTINGS_OF_OTHERS = {
    **dict.fromkeys(("prlimit64", "sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"), 0),
    **dict.fromkeys(("setpriority", "ioprio_set"), 1),
}
"""Calls that change a process, and which of their arguments names it: 0 is the caller itself."""
_OF_ONE_PROCESS = {"setpriority": 0, "ioprio_set": 1}
"""Calls whose first argument says what the number in the second names: a process by this value, else whole users."""
_COMMANDS = {
    # F_SETOWN, F_SETOWN_EX: a signal of choice to another process, when a descriptor is ready;
    # F_GETLK, F_OFD_GETLK, F_NOTIFY: what others have locked, or open in a folder
    "fcntl": (8, 15, 5, 36, 1026),
    "ioctl": (0x8901, 0x8902, 0x5412, 0x541C),  # FIOSETOWN, SIOCSPGRP: the same; TIOCSTI, TIOCLINUX: typed for others
}
"""Commands that reach beyond the process, by the call that has them as its second argument."""
_THREAD, _WITH_FILES = 0x10000, 0x400
_OWN_DESCRIPTORS = 2
"""Flag of close_range by which a thread gets descriptors of its own, beyond those that are counted."""
_NEW_NAMESPACES = (kernel.NEW_MOUNTS, 0x2000000, 0x4000000, kernel.NEW_IPC, kernel.NEW_USER, kernel.NEW_PROCESSES,
                   kernel.NEW_NETWORK)  # fmt: skip


def restrict(files: bool, settings: bool, signals: bool, names: bool) -> bool:
    """Filter this process and its children for good; False where the kernel or the library cannot.

    What must be protected by this filter, because the user id is the runner's own: the metadata of `files`, and other
    processes against a change of their `settings` and against `signals`; and where the host's files or its network are
    in sight, its services and the runner, which sockets reach by their `names`.
    """
    if pyseccomp is None:
        return False
    try:
        _build(files=files, settings=settings, signals=signals, names=names).load()
    except OSError:
        return False
    return True


def prepare(names: bool) -> None:
    """Make the filter of processes under another user id, before they are forked: each has only to load it."""
    if pyseccomp is not None:
        _build(files=False, settings=False, signals=False, names=names)


@cache
def _build(files: bool, settings: bool, signals: bool, names: bool) -> pyseccomp.SyscallFilter:
    allowed = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refused = pyseccomp.ERRNO(errno.EPERM)
    calls = [_MEMORY_OF_NO_PROCESS, _OTHER_PROCESSES, _NAMESPACES_AND_MOUNTS, _WHAT_OTHERS_OPEN, _LARGE_SURFACES]
    calls += [_THE_MACHINE] + [_FILES_OF_THE_SAME_USER] * files + [_SIGNALS] * signals + [_SOCKETS_WITH_NAMES] * names
    for name in " ".join(calls).split():
        _add(allowed, refused, name)
    for name in ("socket", "socketpair"):
        _add(allowed, refused, name, pyseccomp.Arg(0, pyseccomp.NE, socket.AF_UNIX))
        if names:  # what sends datagrams names its receiver in memory, out of a filter's sight
            _add(allowed, refused, name, pyseccomp.Arg(1, pyseccomp.MASKED_EQ, _DATAGRAMS, _DATAGRAMS))
    for flag in _NEW_NAMESPACES:
        _add(allowed, refused, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    _add(allowed, refused, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, _THREAD | _WITH_FILES, _THREAD))
    _add(allowed, refused, "close_range", pyseccomp.Arg(2, pyseccomp.MASKED_EQ, _OWN_DESCRIPTORS, _OWN_DESCRIPTORS))
    for name, commands in _COMMANDS.items():
        for command in commands:
            _add(allowed, refused, name, pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, command))
    # It does nothing, and says that it has: who locks a file of its own goes on, and nobody sees who locks another.
    _add(allowed, pyseccomp.ERRNO(0), "flock")
    # Its flags lie in memory, out of a filter's sight; the C library then takes the older call.
    _add(allowed, pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    for name, place in _SETTINGS_OF_OTHERS.items() if settings else ():
        _add(allowed, refused, name, pyseccomp.Arg(place, pyseccomp.NE, 0))
        if name in _OF_ONE_PROCESS:
            _add(allowed, refused, name, pyseccomp.Arg(0, pyseccomp.NE, _OF_ONE_PROCESS[name]))
    return allowed


def _add(rules: pyseccomp.SyscallFilter, action: int, name: str, *arguments: pyseccomp.Arg) -> None:
    try:
        rules.add_rule(action, name, *arguments)
    except (OSError, ValueError, RuntimeError):  # unknown to this library
        return
