"""A scheduler for parallel tests that keeps each group of test files on one worker: `--dist loadgroup`, as it is meant.

pytest-xdist tells its scheduler a test's group by a name that pytest 9.2 no longer reads. Here the group is read from
the file: `pytestmark = pytest.mark.xdist_group("name")`.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_MARK = re.compile(r'^pytestmark = pytest\.mark\.xdist_group\("(\w+)"\)$', re.MULTILINE)


@cache
def group_of(file: Path) -> str:
    """The group that a test file names for all its tests, or nothing."""
    found = _MARK.search(file.read_text(encoding="utf-8")) if file.is_file() else None
    return found[1] if found else ""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """The scheduler of `--dist loadgroup`; pytest-xdist's own for any other."""
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling  # here: pytest runs without the plugin too

    class ByGroup(LoadScopeScheduling):
        """Sends a group to one worker, and every other test to whichever is free."""

        def _split_scope(self, nodeid: str) -> str:
            return group_of(config.rootpath / nodeid.partition("::")[0]) or nodeid

        def remove_node(self, node: Any) -> str | None:
            """Give back what a dead worker has not done; the test that it died of, which has failed, is not run again.

            The library's own hands on groups in which nothing is left to do as well: a worker that is given one never
            asks for the next, and the run hangs.
            """
            work = self.assigned_work.pop(node)
            ahead = [(tests, name) for tests in work.values() for name, done in tests.items() if not done]
            if not ahead:
                return None
            tests, fatal = ahead[0]
            tests[fatal] = True
            self.workqueue.update({scope: tests for scope, tests in work.items() if not all(tests.values())})
            for other in self.nodes:
                self._reschedule(other)
            return fatal

    return ByGroup(config, log)
