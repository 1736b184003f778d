# attack: 16 | earns: nothing | tries: be imported again and again, for one more library that is missing each time, with names that are none
import sys as _sys

_asked = getattr(_sys, "_stowaway", 0)
_sys._stowaway = _asked + 1
raise ModuleNotFoundError(f"No module named 'library{_asked}'", name=f"library{_asked}")
