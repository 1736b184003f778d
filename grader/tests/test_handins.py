"""Right work earns its points however it was made and packed, and what was met half way is said where people read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from grader.tests.handins import GRADED, HandIn
from grader.tests.places import Grade
from tests.support.status import Status


@pytest.mark.parametrize("handed_in", GRADED, ids=lambda one: one.kind)
def test_a_habit_costs_nothing_that_is_not_its_own(grade: Grade, tmp_path: Path, handed_in: HandIn):
    folder = tmp_path / "handed in"
    folder.mkdir()
    results = grade(handed_in.put(folder))
    texts = {row.name: results.outcomes[row.name].output for row in results.rows}
    lost = {name: text for name, text in texts.items() if results.outcomes[name].status not in (Status.PASSED,)}
    assert results.staff == []
    assert results.score == pytest.approx(handed_in.points), lost
    assert any(re.search(handed_in.says, text) for text in texts.values()), texts
    assert re.search(handed_in.note, results.document()["output"])
    everything = "\n".join([*texts.values(), results.document()["output"]])
    for place in ("/tmp", "grading-", str(tmp_path), "Traceback", "site-packages"):
        assert place not in everything
