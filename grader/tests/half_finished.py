"""Runs the public checks on many folders of a student, one after another, and says how each run ended.

`python -m grader.tests.half_finished FILE` reads a JSON list of lists, a folder and the words for pytest in each, and
writes one of `[exit code, output]` into the file. torch and the suites are imported once, and each folder has a process
of its own, which ends at the first check that says what to do next.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import tempfile
from pathlib import Path

import pytest

from grader.project import ROOT, SUITES

WORDS = (
    *(
        "--quiet",
        "-rN",
        "--capture=no",
        "--assert=plain",
        "--tb=native",
        "--timeout=600",
        f"--rootdir={ROOT}",
        "-c",
        str(ROOT / "pyproject.toml"),
    ),
    *("-pno:unraisableexception", "-pno:threadexception", "-pno:faulthandler", str(SUITES / "public")),
)


class UntilNext:
    """Leaves out the rest of a run as soon as it knows what is to be done next."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        """Look at the summary of the student's run."""
        run = item.config.pluginmanager.get_plugin("local_run")
        return True if run is not None and run.summary.following else None


def run(folder: str, *words: str) -> tuple[int, str]:
    """The exit code and the output of a run of the checks with these words, in a process of its own."""
    with tempfile.TemporaryFile() as output:
        if (child := os.fork()) == 0:
            os.dup2(output.fileno(), 1)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            code = pytest.main([*WORDS, *words, "--submission", folder], [UntilNext()])
            sys.stdout.flush()
            os._exit(int(code))
        _, status = os.waitpid(child, 0)
        output.seek(0)
        return os.waitstatus_to_exitcode(status), output.read().decode()


def main() -> None:
    """Run what is asked for."""
    from tests.support.probes import vocabulary  # noqa: F401  # torch, before the processes are forked

    os.chdir(tempfile.gettempdir())
    pytest.main(
        ["--quiet", "--collect-only", "--capture=no", "-c", str(ROOT / "pyproject.toml"), str(SUITES / "public")]
    )
    gc.collect()
    gc.freeze()
    asked = json.loads(sys.stdin.read())
    Path(sys.argv[1]).write_text(json.dumps([run(*words) for words in asked]), encoding="utf-8")


if __name__ == "__main__":
    main()
