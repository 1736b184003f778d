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
from grader.audit import naming
from grader.audit.cases import HALVES, MUTANTS, STYLES, Case, all_cases
from grader.audit.headers import SOUND
from grader.calibrate.decisions import functions
from grader.project import REFERENCE
from tests.support.homework.assignment import HELPERS
from tests.support.probes import vocabulary
from tests.support.status import Status
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Verdict

ROWS = {row.name: row for row in rubric.read()}


@pytest.mark.parametrize("case", all_cases((MUTANTS, STYLES, HALVES)), ids=lambda case: f"{case.kind} {case.name}")
def test_a_known_submission_keeps_the_points_and_hears_the_words_that_it_must(case: Case, tmp_path: Path) -> None:
    case.build(tmp_path)
    shutil.copy(REFERENCE / f"{HELPERS[0]}.py", tmp_path)
    submission = Submission(InProcess(tmp_path, vocabulary.perform))
    said, found = [], {}
    for name, check in functions(case.fails or None).items():
        if not (tmp_path / f"{ROWS[name].module}.py").exists():  # an optional file is graded where it is handed in
            continue
        found[name] = (Status.PASSED, 1.0)
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                check(submission=submission.quoting(ROWS[name].audience == "public"))
        except Verdict as verdict:
            found[name] = (verdict.status, round(verdict.credit, 6))
            said.append(str(verdict))
    for name, outcome in found.items():
        expected = case.of(name)
        if outcome[0] != Status.PASSED:
            assert outcome == (expected.status, round(expected.share, 6)), name
        else:  # advice is given all the same on what is not implemented
            assert expected == SOUND or expected.status == Status.NOT_IMPLEMENTED, name
    assert case.says in "\n".join(said)
    if case.kind == MUTANTS:  # a person has read the names: none may be another, and none missing
        given = {name for text in said for name in naming.names(text)}
        assert given == set(naming.key().mutants[case.name].names)
