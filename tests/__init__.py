"""The assignment's suites: what is right, what it is worth, and who sees it."""

import sys

if sys.version_info < (3, 10):  # noqa: UP036  # what is installed for an older Python may work, and these files do not
    raise SystemExit("The checks need Python 3.10 or later; this is %d.%d." % sys.version_info[:2])  # noqa: UP031
