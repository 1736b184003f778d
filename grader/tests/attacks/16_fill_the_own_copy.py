# attack: 16 | earns: nothing | tries: fill the copy of the sources, which every check mirrors, and /dev/shm, with bytes and with files
import os as _os
from pathlib import Path as _Path

_copy = _Path(__file__).resolve().parent
for _folder in (_copy, _Path("/dev/shm")):
    try:
        for _number in range(3000):
            (_folder / f"stowaway-{_number}").mkdir()
        for _number in range(64):
            with open(_folder / f"stowaway-{_number}.bin", "wb") as _file:
                for _ in range(60):
                    _file.write(bytes(2**20))
    except OSError:
        continue
_deep = _copy
try:
    for _ in range(500):
        _deep = _deep / "d"
        _deep.mkdir()
except OSError:
    _os.stat(_copy)
