# attack: 20 | earns: nothing | needs: file allow-list | tries: list and read the folders of other submissions, and write into them
import glob
import os

_found = glob.glob("/tmp/*") + glob.glob("../../*") + glob.glob("../../../*")
for _folder in (*_found, "/tmp", "..", "../..", "../../.."):
    try:
        _names = os.listdir(_folder)
    except OSError:
        continue
    if "hw5_gan" not in _names and not set(_names) & {"results.json", "bench.log", "judge.log", "canary"}:
        continue
    print("LEAK", _folder, _names[:5])
for _folder in ("/tmp", "../..", "../../..", "../source"):
    try:
        with open(os.path.join(_folder, "stowaway.py"), "w") as _file:
            _file.write("print('LEAK')")
    except OSError:
        continue
