"""The readings of 4.1 to 4.3 and 5.1: each is recognised in the evidence that it generates, and no other is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from grader.audit import cases
from grader.calibrate.decisions import functions
from grader.project import KNOWN, REFERENCE
from grader.tests.imagined import Imagined
from tests.support.homework import initialisation
from tests.support.homework.networks import (
    ACTIVATIONS,
    SCORENET_INPUTS,
    SCORENET_OUTPUTS,
    SCORENET_SIZES,
    ScoreInput,
    ScoreOutput,
)
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Wrong

VALUES = "scorenet_output_equals_the_closed_form"
BOUND = "weights_reach_the_kaiming_bound"


def names(imagined: Imagined, check: str, seed: int = 0) -> list[str]:
    """The mistakes that a check names in an imagined submission."""
    try:
        functions([check])[check](submission=Submission(imagined, seed))
    except Wrong as problem:
        return [str(finding.mistake) for finding in problem.findings]
    return []


@pytest.mark.parametrize("leaves", SCORENET_OUTPUTS, ids=lambda one: one.name)
@pytest.mark.parametrize("enters", SCORENET_INPUTS, ids=lambda one: one.name)
def test_what_enters_and_what_leaves_a_scorenet_are_told_both(enters: ScoreInput, leaves: ScoreOutput) -> None:
    """Every product of the two tables: both deviating readings are named, and nothing else."""
    told = [str(one) for one in (enters, leaves) if one.credit < 1]
    assert names(Imagined(enters=enters, leaves=leaves), VALUES) == told


@pytest.mark.parametrize("name", ["diffusion_scorenet_nameless_offset", "diffusion_scorenet_nameless_constant"])
def test_what_no_reading_has_is_measured_and_gets_no_name(tmp_path: Path, name: str) -> None:
    """sigma + 0.3 is appended, or 0.2 is added to the score."""
    nameless = cases.mutant(KNOWN / "mutants" / f"{name}.mutant", sorted(functions()))
    shutil.copytree(REFERENCE, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("data"))
    nameless.build(tmp_path)
    with pytest.raises(Wrong, match=nameless.says) as problem:
        functions([VALUES])[VALUES](submission=Submission(InProcess(tmp_path, vocabulary.perform)))
    assert "Likely mistake" not in str(problem.value)


def test_readings_of_the_sizes_differ_at_the_sizes_that_are_looked_at() -> None:
    seen = [(one.of(8, 128), one.of(3, 5)) for one in SCORENET_SIZES]
    assert len(set(seen)) == len(SCORENET_SIZES)


def test_activations_differ_on_the_values_between_layers() -> None:
    """No two of them are alike within float32, so that the first that fits is the only one."""
    values = np.random.Generator(np.random.PCG64(1)).normal(0, 1, 640)
    made = [one.of(values) for one in ACTIVATIONS]
    alike = [(a, b) for a in range(len(made)) for b in range(a) if np.allclose(made[a], made[b], rtol=0, atol=1e-4)]
    assert alike == []


LAWS = [*initialisation.UNIFORM_MISTAKES, *initialisation.NORMAL_MISTAKES]


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("law", LAWS, ids=lambda one: one.name)
def test_a_law_of_the_weights_is_named_and_no_other(law: initialisation.Bound, seed: int) -> None:
    assert names(Imagined(dnet=law), BOUND, seed) == [str(law)]


@pytest.mark.parametrize(
    ("draw", "named"),
    [
        (lambda rng, shape: rng.uniform(-1, 1, shape) / np.sqrt(9) + 0.1, ""),
        (lambda rng, shape: rng.laplace(0, 0.05, shape), ""),
        (lambda rng, shape: rng.uniform(-0.03, 0.03, shape), ""),
    ],
)
def test_a_law_that_is_not_listed_gets_no_name(
    monkeypatch: pytest.MonkeyPatch, draw: Callable[[np.random.Generator, tuple[int, ...]], np.ndarray], named: str
) -> None:
    """A shifted uniform law, a Laplace law, and a bound of its own: the range and the mean are told, no more."""
    monkeypatch.setattr("grader.tests.imagined._weights", lambda law, shape, rng: draw(rng, shape).astype(np.float32))
    assert set(names(Imagined(), BOUND)) == {named}
