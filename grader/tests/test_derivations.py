"""Every identity that reference/written.md displays: both sides are evaluated."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from grader.project import REFERENCE
from grader.release import package
from tests.hidden.definitions import Mixture, chain, divergence, game_value, maximiser

TEXT = (REFERENCE / "written.md").read_text(encoding="utf-8")
Sides = tuple[object, object]
IDENTITIES: dict[int, Callable[[np.random.Generator], Sides]] = {}


def identity(number: int) -> Callable[[Callable[[np.random.Generator], Sides]], None]:
    """Register both sides of the identity of this number."""

    def register(sides: Callable[[np.random.Generator], Sides]) -> None:
        IDENTITIES[number] = sides

    return register


def two(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    return rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(5))


def kl(p: np.ndarray, q: np.ndarray) -> float:
    return float(p @ np.log(p / q))


def slope(f: Callable[[complex], complex], at: float) -> float:
    """The derivative by a complex step."""
    return float(np.imag(f(at + 1e-100j)) / 1e-100)


def laws(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """q(path given x_0) and p(x_0, path) for all of 27 paths."""
    return rng.dirichlet(np.ones(27)), rng.dirichlet(np.ones(27)) * 0.4


class Step:
    """Step t of a chain, with the handout's symbols."""

    def __init__(self, rng: np.random.Generator, first: int = 2) -> None:
        self.betas = rng.uniform(0.05, 0.9, 6)
        self.t = int(rng.integers(first, 7))
        self.beta, self.alpha = self.betas[self.t - 1], 1 - self.betas[self.t - 1]
        self.now, self.before = np.prod(1 - self.betas[: self.t]), np.prod(1 - self.betas[: self.t - 1])
        self.law = chain(self.betas)
        self.x_t, self.x_0 = rng.normal(0, 2, (2, 3))

    def mean(self) -> np.ndarray:
        of_x_t = np.sqrt(self.alpha) * (1 - self.before) / (1 - self.now)
        return of_x_t * self.x_t + np.sqrt(self.before) * self.beta / (1 - self.now) * self.x_0

    def conditioned(self) -> np.ndarray:
        return self.law.conditional_mean(self.t, self.t - 1, self.x_t, self.x_0)


@identity(1)
def _(rng: np.random.Generator) -> Sides:
    r, g = rng.uniform(0.1, 3, (2, 6))
    return maximiser(r, g), r / (r + g)


@identity(2)
def _(rng: np.random.Generator) -> Sides:
    p, q = two(rng)
    return game_value(p, q), p @ np.log(p / (p + q)) + q @ np.log(q / (p + q))


@identity(3)
def _(rng: np.random.Generator) -> Sides:
    p, q = two(rng)
    return game_value(p, q), kl(p, (p + q) / 2) - np.log(2) + kl(q, (p + q) / 2) - np.log(2)


@identity(4)
def _(rng: np.random.Generator) -> Sides:
    p, q = two(rng)
    return game_value(p, q), 2 * divergence(p, q) - np.log(4)


@identity(5)
def _(rng: np.random.Generator) -> Sides:
    p, _ = two(rng)
    return p @ np.log(p / (p + p)) + p @ (p / (p + p)), -np.log(2) + 1 / 2


@identity(6)
def _(rng: np.random.Generator) -> Sides:
    u = rng.uniform(-4, 4)
    return slope(lambda x: np.log(1 - 1 / (1 + np.exp(-x))), u), -1 / (1 + np.exp(-u))


@identity(7)
def _(rng: np.random.Generator) -> Sides:
    u = rng.uniform(-4, 4)
    return slope(lambda x: -np.log(1 / (1 + np.exp(-x))), u), -(1 - 1 / (1 + np.exp(-u)))


@identity(8)
def _(rng: np.random.Generator) -> Sides:
    q, joint = laws(rng)
    return np.log(joint.sum()), np.log(q @ (joint / q))


@identity(9)
def _(rng: np.random.Generator) -> Sides:
    q, joint = laws(rng)
    return True, np.log(joint.sum()) > q @ np.log(joint / q)


@identity(10)
def _(rng: np.random.Generator) -> Sides:
    q, joint = laws(rng)
    return np.log(joint.sum()) - q @ np.log(joint / q), kl(q, joint / joint.sum())


@identity(11)
def _(rng: np.random.Generator) -> Sides:
    one, other = rng.uniform(0.1, 0.9, 2)
    return one * (1 - other) + (1 - one), 1 - one * other


@identity(12)
def _(rng: np.random.Generator) -> Sides:
    s = Step(rng)
    return s.alpha * (1 - s.before) + s.beta, 1 - s.now


@identity(13)
def _(rng: np.random.Generator) -> Sides:
    s = Step(rng)
    return [s.law.gain[s.t], s.law.covariance[s.t, s.t]], [np.sqrt(s.now), 1 - s.now]


@identity(14)
def _(rng: np.random.Generator) -> Sides:
    s = Step(rng)
    return s.alpha / s.beta + 1 / (1 - s.before), (1 - s.now) / (s.beta * (1 - s.before))


@identity(15)
def _(rng: np.random.Generator) -> Sides:
    s = Step(rng)
    return s.conditioned(), s.mean()


@identity(16)
def _(rng: np.random.Generator) -> Sides:
    s = Step(rng)
    s.t, s.beta, s.alpha, s.before, s.now = 1, s.betas[0], 1 - s.betas[0], 1.0, 1 - s.betas[0]
    return [s.conditioned(), s.mean()], [s.x_0, s.x_0]


@identity(17)
def _(rng: np.random.Generator) -> Sides:
    s = Step(rng)
    eps = (s.x_t - np.sqrt(s.now) * s.x_0) / np.sqrt(1 - s.now)
    return s.conditioned(), (s.x_t - s.beta / np.sqrt(1 - s.now) * eps) / np.sqrt(s.alpha)


@identity(18)
def _(rng: np.random.Generator) -> Sides:
    s = Step(rng)
    return np.sqrt(s.alpha) * (1 - s.before) + s.beta / np.sqrt(s.alpha), (1 - s.now) / np.sqrt(s.alpha)


@identity(19)
def _(rng: np.random.Generator) -> Sides:
    mixture = Mixture(rng.normal(0, 1, (2, 3)), rng.uniform(0.5, 1, 2))
    x, known, mask = rng.normal(0, 1, (2, 3)), rng.normal(0, 1, (2, 3)), rng.integers(0, 2, (2, 3)).astype(float)
    score = mixture.conditional_score(x, known, mask, 0.0)
    return mixture.conditional_score(x, known, mask, 2.0), score - 2 * (x - known) * mask**2


@identity(20)
def _(rng: np.random.Generator) -> Sides:
    mask = rng.integers(0, 2, 10)
    return mask**2, mask


@pytest.mark.parametrize("number", sorted(IDENTITIES))
@pytest.mark.parametrize("seed", range(5))
def test_both_sides_of_an_identity_are_equal(number: int, seed: int):
    left, right = IDENTITIES[number](np.random.Generator(np.random.PCG64([seed, number])))
    assert np.asarray(left) == pytest.approx(np.asarray(right), rel=1e-10, abs=1e-12)


def test_every_identity_that_is_displayed_has_a_test():
    assert sorted(map(int, re.findall(r" \[(\d+)\]$", TEXT, re.MULTILINE))) == sorted(IDENTITIES)


def test_the_printed_line_without_its_logarithm_is_another_number():
    """The slip in 1.2, for distributions that differ: no constant repairs it."""
    rng = np.random.Generator(np.random.PCG64(0))
    p, q = two(rng)
    printed = p @ np.log(p / (p + q)) + q @ (q / (p + q))
    assert abs(printed - game_value(p, q)) > 0.1


@pytest.mark.parametrize("files", [package.autograder, package.student])
def test_the_derivations_leave_the_staff_in_no_package(files: Callable[[], dict[str, bytes]]):
    packed = files()
    assert not [name for name in packed if name.endswith("written.md")]
    lines = {line.strip().encode() for line in TEXT.splitlines() if len(line.strip()) > 40}
    assert not [(name, line) for name, content in packed.items() for line in lines if line in content]


def test_students_receive_no_table_of_mistakes_and_no_rubric_for_people():
    packed = package.student()
    known = ("chain", "conditional", "posterior", "written")
    assert not [name for name in known if f"tests/support/homework/{name}.py" in packed]
    assert not [name for name, content in packed.items() if b"leave_to_people(\n" in content and "public" in name]
    assert not [name for name in packed if "hidden" in name]
