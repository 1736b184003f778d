"""Every reading of 5.3 is recognised from what it does, for several sizes and seeds, and no other beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from grader.tests.imagined import Imagined
from tests.support.homework.langevin import LANGEVIN_STEP_SIZES, Steps
from tests.support.homework.langevin_noise import LANGEVIN_NOISE_VARIANCES, NOISE_LAWS, NOISE_PLACES, NOISE_SHARES
from tests.support.homework.langevin_states import (
    CLIPPED,
    LANGEVIN_STARTS,
    OTHER_STARTS,
    START_SHARES,
    STATES,
    AnotherStart,
)
from tests.support.homework.readings import Reading
from tests.support.judging.chain import Chain, observe_chain
from tests.support.judging.langevin_lines import LAW, PLACE, SHARE, START, START_SHARE, STATE, STEP, VARIANCE
from tests.support.judging.langevin_noise import recognise_noise
from tests.support.judging.langevin_starts import recognise_start
from tests.support.judging.motion import recognise_motion
from tests.support.judging.observed_motion import observe_motion, require_moves
from tests.support.judging.recognition import Diagnosis, Line
from tests.support.observed.langevin import Design
from tests.support.submission import Submission
from tests.support.transports import Transport
from tests.support.verdicts import Blocked

SIZES = ((256, 0), (256, 1), (700, 2))
"""Numbers of samples, and seeds."""
MOTION: list[tuple[Line, str, Sequence[Reading]]] = [(STEP, "step", LANGEVIN_STEP_SIZES), (STATE, "state", STATES)]
NOISE: list[tuple[Line, str, Sequence[Reading]]] = [
    (VARIANCE, "noise", LANGEVIN_NOISE_VARIANCES),
    (PLACE, "noise_place", NOISE_PLACES),
    (LAW, "noise_law", NOISE_LAWS),
    (SHARE, "noise_share", NOISE_SHARES),
]
BEGINNING: list[tuple[Line, str, Sequence[Reading]]] = [
    (START, "start", (*LANGEVIN_STARTS, *OTHER_STARTS)),
    (START_SHARE, "start_share", START_SHARES),
]


def cases(tables: list[tuple[Line, str, Sequence[Reading]]]) -> list[Any]:
    """Every reading of the tables, for every size."""
    made = []
    for line, field, readings in tables:
        for reading in readings:
            for n, seed in SIZES:
                made.append(
                    pytest.param(line, field, reading, n, seed, id=f"{field}: {reading.name}, n={n}, seed={seed}")
                )
    return made


def chain(n: int, seed: int, **follows: Any) -> Chain:
    """The chain of a submission that follows these readings."""
    return observe_chain(Submission(Imagined(**follows)), Design(n=n), seed)


def require_only(found: Diagnosis, line: Line, reading: Reading) -> None:
    """The reading of the line, the handout's own everywhere else, and no other hypothesis."""
    told = [{name: one.name for name, one in hypothesis.items()} for hypothesis in found.hypotheses]
    wanted = {other.name: other.readings[0].name for other in found.lines} | {line.name: reading.name}
    assert told == [wanted]


@pytest.mark.parametrize(("line", "field", "reading", "n", "seed"), cases(MOTION))
def test_a_reading_of_the_motion_is_recognised(line: Line, field: str, reading: Reading, n: int, seed: int) -> None:
    motion = recognise_motion(chain(n, seed, **{field: reading}))
    require_only(motion.diagnosis, line, reading)
    assert recognise_noise(motion).own


@pytest.mark.parametrize(("line", "field", "reading", "n", "seed"), cases(NOISE))
def test_a_reading_of_the_noise_is_recognised(line: Line, field: str, reading: Reading, n: int, seed: int) -> None:
    motion = recognise_motion(chain(n, seed, **{field: reading}))
    assert motion.diagnosis.own
    require_only(recognise_noise(motion), line, reading)


@pytest.mark.parametrize(("line", "field", "reading", "n", "seed"), cases(BEGINNING))
def test_a_reading_of_the_start_is_recognised(line: Line, field: str, reading: Reading, n: int, seed: int) -> None:
    """With as many samples as the check has: a variance of sigma_1 is not far from 1."""
    chains = [chain(4 * n, seed + shift, **{field: reading}) for shift in (0, 100)]
    found = recognise_start([one.states[0] for one in chains], *Design().noise_levels[[0, -1]])
    require_only(found, line, reading)
    if isinstance(reading, AnotherStart):
        assert "{measured}" not in found.sentence(line)


@pytest.mark.parametrize("step", LANGEVIN_STEP_SIZES[:4], ids=str)
@pytest.mark.parametrize("noise", LANGEVIN_NOISE_VARIANCES[3:6], ids=str)
def test_noise_is_recognised_under_another_step_size(step: Any, noise: Any) -> None:
    """The noise is built on the handout's alpha."""
    motion = recognise_motion(chain(256, 0, step=step, noise=noise))
    assert motion.diagnosis.reading(STEP).name == step.name
    found = recognise_noise(motion)
    assert noise.name in {one[VARIANCE.name].name for one in found.hypotheses}


class Limited(Transport):
    """An imagined submission whose states are changed after every step."""

    interrupted: dict[str, Any] = {}  # noqa: RUF012  # as a transport declares it
    remarks: dict[str, Any] = {}  # noqa: RUF012

    def __init__(self, low: float, high: float, step: float = 1.0, variance: float = 2.0) -> None:
        self.low, self.high, self.step, self.variance = low, high, step, variance

    def observe(self, module: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer = Imagined().observe(module, operation, arguments)
        assert isinstance(answer, dict)
        rng = np.random.default_rng(arguments["seed"])
        n = arguments["n_samples"]
        scores = answer["scores"].reshape(-1, n, 2)
        steps = Steps(answer["levels"].reshape(-1, n)[:, 0], np.float32(arguments["sigmas"]).astype(float), 6, 0.0091)
        x, states = rng.standard_normal((n, 2)), []
        for alpha, score in zip(steps.alpha, scores, strict=True):
            states.append(x)
            noise = (self.variance * alpha) ** 0.5 * rng.standard_normal(x.shape)
            x = np.clip(x + self.step * alpha * score + noise, self.low, self.high)
        answer["points"], answer["returned"]["values"] = np.concatenate(states), x
        return answer


class Still(Limited):
    """A submission that asks the network at the same states in every step."""

    def __init__(self) -> None:
        super().__init__(-np.inf, np.inf)

    def observe(self, module: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer = super().observe(module, operation, arguments)
        n = arguments["n_samples"]
        answer["points"] = np.tile(answer["points"][:n], (len(answer["points"]) // n, 1))
        return answer


@pytest.mark.parametrize("ends", [(-1, 1), (-2, 2), (0, 1)])
@pytest.mark.parametrize(
    ("step", "variance", "names"), [(1, 2, ("eps*sigma^2/sigma_L^2", "2 alpha")), (0.5, 1, ("alpha/2", "2 alpha"))]
)
def test_clipped_states_tell_their_step_size(
    ends: tuple[float, float], step: float, variance: float, names: tuple[str, str]
) -> None:
    found = observe_motion(Submission(Limited(*ends, step, variance))).diagnosis
    assert found.hypotheses[0][STATE.name] is CLIPPED
    assert (found.reading(STEP).name, found.reading(VARIANCE).name) == names


def test_states_that_never_change_tell_nothing() -> None:
    """Neither step size nor noise can be measured, and the checks say so."""
    motion = observe_motion(Submission(Still()))
    assert motion.frozen
    with pytest.raises(Blocked):
        require_moves(motion)


def test_a_nameless_step_size_has_no_name() -> None:
    """8% less than alpha, and a step that is halved again and again."""
    own = LANGEVIN_STEP_SIZES[0]
    for factor in (lambda w: 0.92 * w.alpha, lambda w: w.alpha / 2 ** np.arange(len(w.alpha))):
        motion = recognise_motion(chain(256, 0, step=type(own)("nameless", 0, "", factor)))
        assert not motion.diagnosis.explained
        assert recognise_noise(motion).own


def test_a_nameless_noise_has_no_name() -> None:
    own = LANGEVIN_NOISE_VARIANCES[0]
    for variance in (lambda a, w: 3 * a, lambda a, w: (a.T * w.sigma).T):
        motion = recognise_motion(chain(256, 0, noise=type(own)("nameless", 0, "", variance)))
        assert motion.diagnosis.own
        assert not recognise_noise(motion).explained
