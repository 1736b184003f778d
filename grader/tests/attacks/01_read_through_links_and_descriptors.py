# attack: 01 | earns: nothing | needs: file allow-list | tries: reach the project by links, by /proc/self, and by descriptors that were left open
import os
import sys

_project = os.path.dirname(os.path.dirname(sys.modules["grader.wire"].__file__))
for _number, _target in enumerate(["reference", "tests/hidden"]):
    _path = os.path.join(_project, _target)
    for _make in (os.symlink, os.link):
        try:
            _make(_path, f"way{_number}{_make.__name__}")
            print("LEAK", os.listdir(f"way{_number}{_make.__name__}"))
        except OSError:
            continue
for _root in ("/proc/self/root", "/proc/self/cwd/../..", f"/proc/{os.getppid()}/root", f"/proc/{os.getppid()}/cwd"):
    for _target in (_project, os.path.join(_project, "reference"), os.path.join(_project, "tests", "hidden")):
        try:
            print("LEAK", os.listdir(_root + _target))
        except OSError:
            continue
for _descriptor in range(256):
    for _up in (".", "..", "../..", "../../.."):
        try:
            _opened = os.open(os.path.join(_up, "reference"), os.O_RDONLY, dir_fd=_descriptor)
            print("LEAK", os.listdir(_opened))
        except OSError:
            continue
