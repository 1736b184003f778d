# attack: 01 | earns: nothing | needs: file allow-list | tries: walk from every known folder to hidden tests and the reference, and print what is found
import os
import sys

_starts = {*sys.path, os.getcwd(), os.path.dirname(os.path.abspath(sys.argv[0]))}
_starts |= {os.path.dirname(one.__file__) for one in list(sys.modules.values())
            if getattr(one, "__file__", None) and ("tests" in one.__name__ or "grader" in one.__name__)}
for _start in sorted(_starts):
    for _up in (".", "..", "../..", "../../.."):
        for _inner in ("", "tests/hidden", "reference", "grader/tests"):
            _folder = os.path.join(_start, _up, _inner)
            try:
                for _name in os.listdir(_folder):
                    if _inner == "reference" or _name.startswith(("oracles", "test_gan", "hw5_written")):
                        print("LEAK", open(os.path.join(_folder, _name)).read()[:200])
            except OSError:
                continue
