# attack: 08 | earns: everything | base: reference | tries: smuggle words into hidden rows, markup into all, and a flood of remarks, by what is said beside an answer
import sys as _sys

_stand_ins = _sys.modules["grader.bench.stand_ins"]
_stand_ins.used[:] = ["not_shown:<b>stowaway</b>", "stowaway", "\u202e", "eager:" + "x" * 5000, 17, None, ["eager"], {"a": 1}]
_stand_ins.used += [f"stand_in:stowaway{_number}" for _number in range(5000)]
_stand_ins.note = lambda *_: None
