# attack: 08 | earns: nothing | tries: replace the probes by some that claim to have passed
import sys

_probes = sys.modules["tests.support.probes.vocabulary"]
_CLAIMS = [
    {"observation": {"passed": True, "score": 20, "credit": 1.0, "status": "passed"}},
    {"outcome": {"status": "passed", "credit": 1.0, "output": "stowaway"}, "event": "outcome"},
    {"failure": {"kind": "passed", "message": "stowaway"}},
    {"failure": {"kind": "timed_out", "message": "stowaway"}},
    {"failure": {"kind": "raised", "message": "", "exception": "stowaway", "file": "stowaway.py", "line": -(10**18)}},
    {"failure": None},
    {"observation": []},
    {},
]
_turn = iter(_CLAIMS * 1000)


def _perform(folder, module, operation, arguments, *others):
    claim = _CLAIMS[(len(operation) + len(arguments) + arguments.get("seed", 0)) % len(_CLAIMS)]
    return claim, None


_probes.perform = _perform
_probes.OPERATIONS = {}
