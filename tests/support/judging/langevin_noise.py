"""What noise the steps of a chain have: Algorithm 2, lines 5 and 6, under the recognised motion."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from tests.support import laws
from tests.support.homework.langevin_noise import NoiseLaw, NoisePlace, NoiseScale, NoiseShare
from tests.support.judging.langevin_lines import NOISE_LINES
from tests.support.judging.motion import Motion
from tests.support.judging.recognition import Diagnosis, Hypothesis, recognise


@dataclass(frozen=True)
class Noise:
    """The residuals of a chain under its recognised motion."""

    motion: Motion

    @cached_property
    def rows(self) -> np.ndarray:
        """The steps whose noise is known."""
        return np.flatnonzero(self.motion.moves.known)

    @cached_property
    def residual(self) -> np.ndarray:
        """(S, n, 2), of the known steps."""
        return self.motion.residual[self.rows]

    @cached_property
    def squares(self) -> np.ndarray:
        """Mean square of each step and coordinate, (S, 2)."""
        return np.asarray(np.mean(self.residual**2, axis=1))

    @cached_property
    def rounding(self) -> np.ndarray:
        """How far float32 may put each residual off, (S, 2)."""
        return self.motion.seen.rounding[self.rows]

    @cached_property
    def silent(self) -> np.ndarray:
        """The steps and coordinates without noise, (S, 2)."""
        return np.asarray(np.max(np.abs(self.residual), axis=1) <= self.rounding)

    @cached_property
    def bases(self) -> list[np.ndarray]:
        """The step sizes on which the noise may be built, (S, 2): the handout's, and the student's own."""
        steps = self.motion.seen.steps
        handout = np.repeat(steps.alpha[: len(self.motion.seen.before), None], 2, axis=1)
        own = np.abs(self.motion.steps)
        return [handout] if np.array_equal(own, handout) else [handout, own]

    def variance(self, scale: NoiseScale, place: NoisePlace, base: np.ndarray) -> np.ndarray:
        """The variance of each step and coordinate under two readings, (S, 2)."""
        steps, missing = self.motion.seen.steps, len(self.motion.seen.steps.sigma) - len(base)
        padded = np.concatenate([base, np.repeat(base[-1:], missing, axis=0)])
        return (scale.of(padded, steps) * place.of(steps))[self.rows]


def recognise_noise(motion: Motion) -> Diagnosis:
    """The readings of the noise that explain all residuals."""
    noise = Noise(motion)

    def explains(hypothesis: Hypothesis) -> bool:
        scale, place, law, share = (hypothesis[line.name] for line in NOISE_LINES)
        assert isinstance(scale, NoiseScale)
        assert isinstance(place, NoisePlace)
        assert isinstance(law, NoiseLaw)
        assert isinstance(share, NoiseShare)
        return any(_explains(noise, noise.variance(scale, place, base), law, share) for base in noise.bases)

    if not noise.residual.size or not np.isfinite(noise.residual).all():
        return Diagnosis(NOISE_LINES, ())
    return recognise(NOISE_LINES, explains)


def _explains(noise: Noise, variance: np.ndarray, law: NoiseLaw, share: NoiseShare) -> bool:
    expected = variance * law.square
    heard = expected > (4 * noise.rounding) ** 2
    if np.any((heard & noise.silent) | ((expected == 0) & ~noise.silent)):
        return False
    if not heard.any():
        return True
    n = noise.residual.shape[1]
    ratio = noise.squares[heard] / (variance * law.square)[heard]
    if np.any(_chi_square(ratio, 1 if 1 in share.axes else n) < laws.FALSE_FAIL_RATE):
        return False
    columns = heard.any(axis=0)
    rows = heard[:, columns].all(axis=1)  # smaller noise than rounding tells nothing
    if not rows.any():
        return True
    scale = np.sqrt(np.maximum(variance, 1e-300))[np.ix_(rows, columns)][:, None]
    z = noise.residual[rows][:, :, columns] / scale
    slack = 2 * noise.rounding[np.ix_(rows, columns)][:, None] / scale
    sigma = noise.motion.seen.steps.sigma[noise.rows][rows]
    levels = [np.ones(len(sigma), dtype=bool)] if share.whole else [sigma == one for one in np.unique(sigma)]
    parts = [_shared(z[own], slack[own], share.axes) for own in levels]
    if any(part is None for part in parts):
        return False
    return _follows([part for part in parts if part is not None], law, float(np.max(slack)))


def _chi_square(ratio: np.ndarray, degrees: int) -> np.ndarray:
    """The bound of `laws.chi_square` for many mean squares; bounded and discrete laws deviate less than the normal."""
    return 2 * np.exp(-degrees / 2 * (ratio - 1 - np.log(np.maximum(ratio, 1e-300))))


def _shared(z: np.ndarray, slack: np.ndarray, axes: tuple[int, ...]) -> np.ndarray | None:
    """The z that are drawn, when those along these axes are the same; None when they are not."""
    drawn = z
    for axis in axes:
        if drawn.shape[axis] < 2:
            return None
        drawn = np.take(drawn, [0], axis=axis)
    return drawn if np.all(np.abs(z - drawn) <= 2 * np.max(slack)) else None


def _follows(parts: Sequence[np.ndarray], law: NoiseLaw, slack: float) -> bool:
    """Whether these z, (steps, samples, coordinates) of each level, are independent and have the law."""
    values = np.concatenate([part.ravel() for part in parts])
    deviation = (law.square - law.mean**2) ** 0.5
    chances = [laws.chi_square(float(np.sum(values**2)) / law.square, values.size)]
    if chances[0] >= laws.FALSE_FAIL_RATE:
        chances += dependence([(part - law.mean) / deviation for part in parts])
        chances.append(_distribution(values, law.cdf, slack))
    return min(chances) >= laws.FALSE_FAIL_RATE


def dependence(parts: Sequence[np.ndarray]) -> list[float]:
    """Chances of correlations and sums so large, between coordinates, steps and samples that have a z of their own."""
    pairs = [[(part[..., 0], part[..., -1]) for part in parts if part.shape[2] > 1]]
    for axis in (0, 1):
        split = [part.swapaxes(0, axis) for part in parts if part.shape[axis] > 1]
        pairs.append([(part[: len(part) // 2 * 2 : 2], part[1::2]) for part in split])
    alone = [part for part in parts if len(part) == 1]
    if len(alone) > 1 and len({part.shape for part in alone}) == 1:
        pairs.append(list(pairwise(alone)))
    chances = []
    for pair in pairs:
        if pair:
            one, other = (np.concatenate([ends[side].ravel() for ends in pair]) for side in (0, 1))
            chances.append(laws.correlation(one, other))
    for axis in (0, 1):
        sums = [np.sum(part, axis=axis).ravel() / part.shape[axis] ** 0.5 for part in parts if part.shape[axis] > 1]
        if sums:
            values = np.concatenate(sums)
            chances.append(laws.chi_square(float(np.sum(values**2)), values.size))
    return chances


def _distribution(values: np.ndarray, cdf: Callable[[np.ndarray], np.ndarray], slack: float) -> float:
    """Massart's bound, where each value may be off by `slack`: for laws with jumps too."""
    ordered = np.sort(values)
    steps = np.arange(values.size + 1) / values.size
    above, below = steps[1:] - cdf(ordered + slack), cdf(ordered - slack) - steps[:-1]
    distance = max(0.0, float(np.max(above)), float(np.max(below)))
    return float(min(1.0, 2 * np.exp(-2 * values.size * distance**2)))


def said_of_silence(motion: Motion) -> str:
    """Which steps and coordinates have no noise, in words; nothing when all have some, or when none has."""
    noise = Noise(motion)
    silent = noise.silent
    if not silent.any() or silent.all():
        return ""
    if silent.all(axis=0).any():
        which = ("first", "second")[int(np.flatnonzero(silent.all(axis=0))[0])]
        return f"The {which} coordinate has no noise."
    steps = motion.seen.steps
    places = {float(sigma): _silent_steps(noise, steps.sigma == sigma) for sigma in steps.sigma}
    spoken = {sigma: text for sigma, text in places.items() if text}
    if len(spoken) == len(places) and len(set(spoken.values())) == 1:
        return f"Without noise: {next(iter(spoken.values()))} of each noise level."
    return f"Without noise: {', '.join(f'{text} at sigma = {sigma:.3g}' for sigma, text in spoken.items())}."


def _silent_steps(noise: Noise, level: np.ndarray) -> str:
    """Which steps of a level are silent, counted from 1, in words."""
    own = np.flatnonzero(level)
    known = [place for place, t in enumerate(own, start=1) if t in noise.rows]
    quiet = [place for place in known if noise.silent[np.flatnonzero(noise.rows == own[place - 1])[0]].any()]
    if quiet == known:
        return "all steps"
    return "" if not quiet else f"step {quiet[0]}" if len(quiet) == 1 else f"steps {', '.join(map(str, quiet))}"
