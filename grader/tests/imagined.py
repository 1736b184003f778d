"""A submission that is imagined: every answer is made in numpy from the readings that it follows.

Each field is one line of the handout, by default as the handout reads it. No code of a student runs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.hidden import oracles
from tests.support.homework import denoising, handout, initialisation, langevin, losses, networks, noise_levels
from tests.support.homework.initialisation import Bound, Deviation, Pattern
from tests.support.homework.readings import Reading
from tests.support.homework.sampler_output import TRAJECTORIES, Samples, Trajectory
from tests.support.observations import Failure

SEEN_DEVIATION = 0.031
"""The standard deviation of normal weights that have none by formula."""


@dataclass
class Imagined:
    """A transport to a submission that follows these readings."""

    weight: denoising.Weight = denoising.DENOISING_WEIGHTS[0]
    target: denoising.Target = denoising.DENOISING_TARGETS[0]
    scale: denoising.Scale = denoising.PERTURBATION_SCALES[0]
    form: noise_levels.LevelForm = noise_levels.LEVEL_FORMS[0]
    step: langevin.StepSize = langevin.LANGEVIN_STEP_SIZES[0]
    noise: langevin.NoiseScale = langevin.LANGEVIN_NOISE_VARIANCES[0]
    start: langevin.Start = langevin.LANGEVIN_STARTS[0]
    order: langevin.Order = langevin.LEVEL_ORDERS[0]
    samples: Samples | None = None
    trajectory: Trajectory = TRAJECTORIES[0]
    dnet: Reading = initialisation.DNET_BOUNDS[0]
    gnet: Reading = initialisation.GNET_BOUNDS[0]
    discriminator: losses.DiscriminatorLoss = losses.DISCRIMINATOR_LOSSES[0]
    generator: losses.GeneratorLoss = losses.GENERATOR_LOSSES[0]
    enters: networks.ScoreInput = networks.SCORENET_INPUTS[0]
    leaves: networks.ScoreOutput = networks.SCORENET_OUTPUTS[0]
    tied: bool = False
    """Whether two layers of DNet share a tensor."""
    interrupted: dict[str, Failure] = field(default_factory=dict)

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
        n, index = len(data), rng.integers(len(sigmas), size=len(data))
        sigma = sigmas[index][:, None]
        moved = self.scale.of(sigma) * rng.standard_normal(data.shape)
        scores = np.sin(data + moved)
        factor, error = self.weight.of(sigma, n) / n, scores + self.target.of(moved, sigma)
        direction = np.where(rng.random(data.shape) < 0.5, -1.0, 1.0)
        return {
            **_calls(data + moved, self.form.of(sigmas)[index], scores, n),
            "returned": _tensor(np.array(float(np.sum(factor * error**2))), differentiable=True),
            "data_changed": False,
            "sigmas_changed": False,
            "direction": direction,
            "gradient": 2 * factor * error,
            "product": 2 * factor * direction,
            "replayed": False,
        }

    def _langevin(self, asked: dict[str, Any]) -> dict[str, Any]:
        rng = np.random.Generator(np.random.PCG64(asked["seed"]))
        n, sigmas, eps = asked["n_samples"], np.float32(asked["sigmas"]).astype(float), asked["eps"]
        first, last = sigmas[0], sigmas[-1]
        mean, deviation = self.start.of(first, last)
        x = mean + deviation * rng.standard_normal((n, 2))
        index = self.order.of(len(sigmas), asked["iterations"])
        before, after, scores = [], [], []
        for sigma in sigmas[index]:
            scores.append(np.where(rng.random((n, 2)) < 0.5, -1.0, 1.0) * asked["amplitude"])
            before.append(x)
            variance = self.noise.of(eps * sigma**2 / last**2, sigma, eps)
            drift = self.step.of(sigma, first, last, eps) * scores[-1]
            x = x + drift + math.sqrt(variance) * rng.standard_normal((n, 2))
            after.append(x)
        states = np.stack(before)
        returned = self.samples.of(states) if self.samples else x
        if asked["return_traj"]:
            returned = np.nan_to_num(self.trajectory.of(states, np.stack(after)))
        levels = np.repeat(self.form.of(sigmas)[index], n)
        return {
            **_calls(states.reshape(-1, 2), levels, np.concatenate(scores), n),
            "returned": _tensor(returned, differentiable=False),
            "sigmas_changed": False,
            "parameter_gradient": False,
        }

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
        value, gradients = self.discriminator.of(*(asked["logit_scale"] * (2 * grey - 1) for grey in (real, fake)))
        return _loss(value, np.concatenate([real, fake]), gradients.ravel() / len(real), asked)

    def _generator_loss(self, asked: dict[str, Any]) -> dict[str, Any]:
        fake = (asked["z"][:, 0].astype(float) + 1) / 2
        value, gradients = self.generator.of(asked["logit_scale"] * (2 * fake - 1))
        return _loss(value, fake, gradients / len(fake), asked)

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
        "pixels": pixels,
        "logits": asked["logit_scale"] * (2 * pixels - 1),
        "gradients": gradients,
        "latents": [asked["z"]],
        "theta_gradient": np.array(1.0),
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
