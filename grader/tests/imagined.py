"""A submission that is imagined: every answer is made in numpy from the readings that it follows.

Each field is one line of the handout, by default as the handout reads it. No code of a student runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.hidden import oracles
from tests.support.homework import (
    denoising,
    handout,
    initialisation,
    langevin,
    langevin_noise,
    langevin_states,
    losses,
    networks,
    noise_levels,
    perturbation,
)
from tests.support.homework.initialisation import Bound, Deviation, Pattern
from tests.support.homework.readings import Reading
from tests.support.homework.sampler_output import TRAJECTORIES, Samples, Trajectory
from tests.support.observations import Failure

SEEN_DEVIATION = 0.031
"""The standard deviation of normal weights that have none by formula."""


FACTOR = 0.7
"""The number of readings that leave one to be measured."""
NOISE: dict[str, Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]] = {
    "normal": lambda rng, shape: rng.standard_normal(shape),
    "rand": lambda rng, shape: rng.random(shape),
    "uniform": lambda rng, shape: 2 * rng.random(shape) - 1,
    "half": lambda rng, shape: rng.random(shape) - 0.5,
    "uniform of variance 1": lambda rng, shape: 3**0.5 * (2 * rng.random(shape) - 1),
    "signs": lambda rng, shape: np.where(rng.random(shape) < 0.5, -1.0, 1.0),
    "positive": lambda rng, shape: np.abs(rng.standard_normal(shape)),
    "shifted": lambda rng, shape: 1 + rng.standard_normal(shape),
}
"""How z is drawn under each reading of its law."""


@dataclass
class Imagined:
    """A transport to a submission that follows these readings."""

    weight: denoising.Weight = denoising.DENOISING_WEIGHTS[0]
    target: denoising.Target = denoising.DENOISING_TARGETS[0]
    norm: denoising.Norm = denoising.DENOISING_NORMS[0]
    outer: denoising.Outer = denoising.OUTERS[0]
    centre: perturbation.Centre = perturbation.PERTURBATION_CENTRES[0]
    scale: perturbation.Scale = perturbation.PERTURBATION_SCALES[0]
    law: perturbation.LevelLaw = perturbation.LEVEL_LAWS[0]
    form: noise_levels.LevelForm = noise_levels.LEVEL_FORMS[0]
    step: langevin.StepSize = langevin.LANGEVIN_STEP_SIZES[0]
    noise: langevin_noise.NoiseScale = langevin_noise.LANGEVIN_NOISE_VARIANCES[0]
    noise_place: langevin_noise.NoisePlace = langevin_noise.NOISE_PLACES[0]
    noise_law: langevin_noise.NoiseLaw = langevin_noise.NOISE_LAWS[0]
    noise_share: langevin_noise.NoiseShare = langevin_noise.NOISE_SHARES[0]
    start: langevin_states.Start | langevin_states.AnotherStart = langevin_states.LANGEVIN_STARTS[0]
    start_share: langevin_states.StartShare = langevin_states.START_SHARES[0]
    state: langevin_states.State = langevin_states.STATES[0]
    order: langevin.Order = langevin.LEVEL_ORDERS[0]
    samples: Samples | None = None
    trajectory: Trajectory = TRAJECTORIES[0]
    dnet: Reading = initialisation.DNET_BOUNDS[0]
    gnet: Reading = initialisation.GNET_BOUNDS[0]
    discriminator: losses.DiscriminatorLoss = losses.DISCRIMINATOR_LOSSES[0]
    discriminator_size: losses.LossSize = losses.DISCRIMINATOR_SIZES[0]
    generator: losses.GeneratorLoss = losses.GENERATOR_LOSSES[0]
    generator_size: losses.LossSize = losses.GENERATOR_SIZES[0]
    backpropagated: bool = False
    """Whether the losses call backward themselves."""
    enters: networks.ScoreInput = networks.SCORENET_INPUTS[0]
    leaves: networks.ScoreOutput = networks.SCORENET_OUTPUTS[0]
    tied: bool = False
    """Whether two layers of DNet share a tensor."""
    interrupted: dict[str, Failure] = field(default_factory=dict)
    remarks: dict[str, list[str]] = field(default_factory=dict)

    def observe(self, module: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | Failure:
        """The answer to a request; what needs a student's network is not there."""
        answers = {
            "denoising_loss": self._denoising_loss,
            "langevin": self._langevin,
            "parameter_table": self._parameter_table,
            "initial_parameters": self._initial_parameters,
            "discriminator_loss": self._discriminator_loss,
            "generator_loss": self._generator_loss,
            "outputs": self._outputs,
        }
        return answers[operation](arguments) if operation in answers else Failure("undefined")

    def _denoising_loss(self, asked: dict[str, Any]) -> dict[str, Any]:
        rng = np.random.Generator(np.random.PCG64(asked["seed"]))
        return {"evaluations": [self._evaluation(asked, rng) for _ in range(asked["calls"])]}

    def _evaluation(self, asked: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
        data, sigmas = np.asarray(asked["data"], dtype=float), np.float32(asked["sigmas"]).astype(float)
        n = len(data)
        chances = self.law.of(np.asarray(asked["sigmas"])) if len(sigmas) > 3 else None  # as of one list of levels
        index = rng.choice(len(sigmas), size=n, p=chances)
        sigma = sigmas[index][:, None]
        drawn = self.drawn(rng, data.shape)
        moved = self.centre.of(data, sigma) + self.scale.of(sigma, data) * drawn - data
        scores = np.sin(data + moved)
        factor, error = self.weight.of(sigma, n) / n, scores + self.target.of(moved, sigma, data)
        value, gradient = self.norm.of(error)
        direction = np.where(rng.random(data.shape) < 0.5, -1.0, 1.0)
        total, first, second = self.outer.of(float(np.sum(factor[:, 0] * value)))
        gradient, product = factor * gradient, factor * self.norm.of(direction)[1]
        product = first * product + second * float(np.sum(gradient * direction)) * gradient
        return {
            **_calls(data + moved, self.form.of(sigmas)[index], scores, n),
            "returned": _tensor(np.array(total + 0.5 * self.outer.shifted), differentiable=True),
            "data_changed": False,
            "sigmas_changed": False,
            "direction": direction,
            "gradient": first * gradient,
            "product": product,
            "replayed": False,
        }

    def drawn(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """z of a call."""
        return rng.standard_normal(shape)

    def _langevin(self, asked: dict[str, Any]) -> dict[str, Any]:
        rng = np.random.Generator(np.random.PCG64(asked["seed"]))
        n, sigmas = asked["n_samples"], np.float32(asked["sigmas"]).astype(float)
        index = self.order.of(len(sigmas), asked["iterations"])
        steps = langevin.Steps(sigmas[index], sigmas, asked["iterations"], asked["eps"])
        scores = np.where(rng.random((len(index), n, 2)) < 0.5, -1.0, 1.0) * asked["amplitude"]
        moves = self._moves(steps, rng, scores)
        x = self._start(n, steps, rng)
        states, after = np.full((len(index), n, 2), np.nan), []
        for t, move in enumerate(moves):
            states[t] = x
            base = self.state.of(states, steps, FACTOR)[t]
            after.append(base + move if np.isfinite(base).all() else self._goes_on(states, t, steps, rng))
            x = after[-1]
        returned = self.samples.of(states) if self.samples else x
        if asked["return_traj"]:
            returned = np.nan_to_num(self.trajectory.of(states, np.stack(after), steps.ends))
        levels = np.repeat(self.form.of(sigmas)[index], n)
        return {
            **_calls(states.reshape(-1, 2), levels, scores.reshape(-1, 2), n),
            "returned": _tensor(returned, differentiable=False),
            "sigmas_changed": False,
            "parameter_gradient": False,
        }

    def _moves(self, steps: langevin.Steps, rng: np.random.Generator, scores: np.ndarray) -> np.ndarray:
        """What each step adds, (S, n, 2): the score times the step size, and the noise."""
        n, alpha = scores.shape[1], np.repeat(steps.alpha[:, None], 2, axis=1)
        factor = np.asarray(self.step.of(steps), dtype=float)
        factor = np.repeat(factor[:, None], 2, axis=1) if factor.ndim == 1 else factor
        shape = [1 if axis in self.noise_share.axes else size for axis, size in enumerate((len(alpha), n, 2))]
        shape[0] = len(alpha)
        z = NOISE[self.noise_law.name](rng, tuple(shape))
        if 0 in self.noise_share.axes:
            level = np.zeros(len(z), dtype=int) if self.noise_share.whole else np.cumsum(steps.starts) - 1
            z = z[level]
        deviation = np.sqrt(self.noise.of(alpha, steps)) * self.noise_place.of(steps)
        return factor[:, None] * scores + deviation[:, None] * z

    def _start(self, n: int, steps: langevin.Steps, rng: np.random.Generator) -> np.ndarray:
        """x_0, (n, 2)."""
        shape = tuple(1 if axis in self.start_share.axes else size for axis, size in enumerate((n, 2)))
        known = isinstance(self.start, langevin_states.Start)
        mean, deviation = self.start.of(steps.first, steps.last) if known else (0.4, 1.7)
        uniform = self.start.family == langevin_states.UNIFORM
        drawn = rng.uniform(-(3**0.5), 3**0.5, shape) if uniform else rng.standard_normal(shape)
        if self.start.family == langevin_states.CLIPPED_NORMAL:
            mean, deviation, drawn = 0.0, 1.0, np.clip(drawn, -2, 1.5)
        return np.broadcast_to(mean + deviation * drawn, (n, 2))

    def _goes_on(self, states: np.ndarray, t: int, steps: langevin.Steps, rng: np.random.Generator) -> np.ndarray:
        """The state after a step at which the chain is broken."""
        match self.state.goes_on:
            case langevin_states.BACK:
                return states[0]
            case langevin_states.STAY:
                return states[t]
            case langevin_states.SCALED:
                return steps.sigma[t + 1] * rng.standard_normal(states[t].shape)
        return rng.standard_normal(states[t].shape)

    def _parameter_table(self, asked: dict[str, Any]) -> dict[str, Any]:
        identities = [0, *range(len(handout.DNET_SHAPES) - 1)] if self.tied else range(len(handout.DNET_SHAPES))
        parameters = [
            {"name": f"parameter {k}", "shape": list(shape), "identity": k, "trainable": True}
            for k, shape in zip(identities, handout.DNET_SHAPES, strict=True)
        ]
        return {"parameters": parameters, "buffers": [], "initialised": True}

    def _initial_parameters(self, asked: dict[str, Any]) -> dict[str, Any]:
        rng = np.random.Generator(np.random.PCG64(asked["seed"]))
        dnet = asked["network"] == "DNet"
        shapes = handout.DNET_SHAPES if dnet else handout.gnet_shapes(asked["positional"][0])
        law = self.dnet if dnet else self.gnet
        return {
            "parameters": [
                {
                    "name": "weight" if len(shape) > 1 else "bias",
                    "values": _weights(law, (asked["count"], *shape), rng)
                    if len(shape) > 1
                    else np.zeros((asked["count"], *shape)),
                }
                for shape in shapes
            ]
        }

    def _discriminator_loss(self, asked: dict[str, Any]) -> dict[str, Any]:
        real, fake = np.asarray(asked["pixels"]), (asked["z"][:, 0].astype(float) + 1) / 2
        values, gradients = self.discriminator.of(*(asked["logit_scale"] * (2 * grey - 1) for grey in (real, fake)))
        factor = self.discriminator_size.of(len(real)) / len(real)
        seen = _loss(factor * values.sum(), np.concatenate([real, fake]), factor * gradients.ravel(), asked)
        return seen | {"backpropagated": self.backpropagated}

    def _generator_loss(self, asked: dict[str, Any]) -> dict[str, Any]:
        fake = (asked["z"][:, 0].astype(float) + 1) / 2
        values, gradients = self.generator.of(asked["logit_scale"] * (2 * fake - 1))
        factor = self.generator_size.of(len(fake)) / len(fake)
        seen = _loss(factor * values.sum(), fake, factor * gradients, asked)
        return seen | {"backpropagated": self.backpropagated}

    def _outputs(self, asked: dict[str, Any]) -> dict[str, Any]:
        layers = oracles.layers(asked["weights"])
        given = [[np.asarray(one, dtype=float) for one in batch] for batch in asked["inputs"]]
        first = [self.enters.of(x, sigma) for x, sigma in given]
        last = [layers(one) for one in first]
        return {
            "fitted": True,
            "returned": "tensor",
            "initialised": True,
            "n_parameters": 1,
            "outputs": [self.leaves.of(made, x, sigma) for made, (x, sigma) in zip(last, given, strict=True)],
            "passes": [
                {"weights": list(asked["weights"]), "first": entering, "last": made}
                for entering, made in zip(first, last, strict=True)
            ],
        }


def _calls(points: np.ndarray, levels: np.ndarray, scores: np.ndarray, size: int) -> dict[str, Any]:
    """Recorded calls of `size` points each."""
    sizes = np.full(len(points) // size, size)
    return {
        "points": points,
        "levels": levels,
        "scores": scores,
        "sizes": sizes,
        "repeats": np.ones_like(sizes),
        "refused": "",
    }


def _tensor(values: np.ndarray, differentiable: bool) -> dict[str, Any]:
    return {"kind": "Tensor", "shape": list(values.shape), "values": values, "differentiable": differentiable}


def _loss(value: float, pixels: np.ndarray, gradients: np.ndarray, asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "kind": "tensor",
        "value": np.array([value]),
        "shape": [],
        "differentiable": True,
        "backpropagated": False,
        "pixels": pixels,
        "logits": asked["logit_scale"] * (2 * pixels - 1),
        "gradients": gradients,
        "latents": [asked["z"]],
        "theta_gradient": np.array(np.sum(2 * asked["logit_scale"] * pixels * gradients)),
    }


def _weights(law: Reading, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """Initial weights `(count, out, in, ...)` by a law; raises KeyError for a pattern that cannot be drawn here."""
    fan_in, fan_out = math.prod(shape[2:]), shape[1] * math.prod(shape[3:])
    if isinstance(law, Bound):
        bound = law.of(fan_in, fan_out)
        return rng.uniform(-bound, bound, shape).astype(np.float32)
    if isinstance(law, Deviation):
        return (law.of(fan_in, fan_out, SEEN_DEVIATION) * rng.standard_normal(shape)).astype(np.float32)
    assert isinstance(law, Pattern)
    default = initialisation.DNET_BOUNDS[0].of(fan_in, fan_out)
    draws = {
        "zeros": lambda: np.zeros(shape),
        "copies": lambda: np.repeat(rng.uniform(-default, default, (shape[0], 1, *shape[2:])), shape[1], axis=1),
        "constant": lambda: np.full(shape, 0.1),
        "positive": lambda: rng.uniform(0, default, shape),
        "orthogonal": lambda: _orthogonal(shape, rng),
    }
    return draws[law.name]().astype(np.float32)


def _orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    rows, columns = shape[1], math.prod(shape[2:])
    square = np.linalg.qr(rng.standard_normal((shape[0], max(rows, columns), min(rows, columns))))[0]
    return (square if rows >= columns else square.swapaxes(1, 2)).reshape(shape)
