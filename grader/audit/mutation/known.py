"""The known submissions of the audit as tests in one process: what `make audit` proves through the bench, in seconds.

Collected only when it is named.
"""

from __future__ import annotations

import contextlib
import io
import shutil
from pathlib import Path

import pytest

from grader import rubric
from grader.audit.cases import HALVES, MUTANTS, STYLES, Case, all_cases
from grader.calibrate.observations import functions
from grader.project import REFERENCE
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Verdict

ROWS = {row.name: row for row in rubric.read()}


@pytest.mark.parametrize("case", all_cases((MUTANTS, STYLES, HALVES)), ids=lambda case: f"{case.kind} {case.name}")
def test_a_known_submission_keeps_the_points_and_hears_the_words_that_it_must(case: Case, tmp_path: Path) -> None:
    case.build(tmp_path)
    shutil.copy(REFERENCE / "hw5_utils.py", tmp_path)
    transport = InProcess(tmp_path, vocabulary.perform)
    submission = Submission(transport)
    checks = functions(case.fails or None)
    lost, said = 0.0, []
    for name, check in checks.items():
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                check(submission=submission.quoting(ROWS[name].audience == "public"))
        except Verdict as verdict:
            lost += ROWS[name].points * (1 - verdict.credit)
            said.append(str(verdict))
            assert case.fails != frozenset()
        else:
            assert not case.fails
    assert case.says in "\n".join(said)
    assert sum(row.points for row in ROWS.values()) - lost == pytest.approx(case.score)
