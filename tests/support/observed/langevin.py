"""Runs of `langevin_dynamics_sample` over a recorded score function.

The score function answers with +-amplitude, drawn independently of everything: then x_t - x_{t-1} = alpha s + noise is
a linear regression with a fixed design, and step size and noise of each level can be told apart exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.support.homework.assignment import DIFFUSION
from tests.support.observed.recorded import Calls, require_result
from tests.support.submission import Submission

SIGMAS = (1.31, 0.74, 0.43, 0.22)
EPS = 0.0091
ITERATIONS = 6
N_SAMPLES = 256
# 30 standard deviations of the noise at the last level: the step size is known to 0.1%, and a chain that does not go on
# from its last state leaves a gap of at least as much.
AMPLITUDE = 30 * (2 / EPS) ** 0.5
# One standard deviation of that noise: states that a sampler clips move between the bounds too.
SMALL_AMPLITUDE = (2 / EPS) ** 0.5


class Run(Calls, forbid_unknown_fields=True):
    """One run of the sampler; `parameter_gradient` is whether the network's parameter received a gradient."""

    sigmas_changed: bool
    parameter_gradient: bool


@dataclass(frozen=True)
class Design:
    """The arguments of a run."""

    n: int = N_SAMPLES
    sigmas: tuple[float, ...] = SIGMAS
    iterations: int = ITERATIONS
    trajectory: bool = False
    amplitude: float = AMPLITUDE

    @property
    def noise_levels(self) -> np.ndarray:
        """The noise levels as the sampler sees them, rounded to float32."""
        return np.asarray(self.sigmas, dtype=np.float32).astype(np.float64)

    def step_sizes(self, sigma: np.ndarray) -> np.ndarray:
        """Algorithm 2, line 3: alpha at these noise levels."""
        return EPS * sigma**2 / self.noise_levels[-1] ** 2


def observe_run(submission: Submission, design: Design, seed: int = 0) -> Run:
    """One run of the sampler over random signs."""
    run = submission.observe(
        Run,
        DIFFUSION,
        "langevin",
        seed=seed,
        n_samples=design.n,
        sigmas=list(design.sigmas),
        iterations=design.iterations,
        eps=EPS,
        return_traj=design.trajectory,
        score="signs",
        amplitude=design.amplitude,
    )
    if not (run.refused and len(run.sizes) == 0):
        require_result(run, "5.3", "langevin_dynamics_sample")
    return run
