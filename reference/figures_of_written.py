"""Draw a figure for each result of Problems 1 to 3, by the functions of `hw5_written.py`.

Run it as `python figures_of_written.py --out FOLDER`.
The last one is the remark of 2.5: the sampler of Problem 5 completes points of which one coordinate is known, with the
score network in `model.ckpt`, untouched.
"""

import argparse
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor, nn

from hw5_diffusion import ScoreNet, langevin_dynamics_sample
from hw5_utils import create_samples, generate_sigmas
from hw5_written import (
    conditional_score,
    forward_marginal,
    generator_gradients,
    js_divergence,
    optimal_discriminator,
    posterior_mean,
    value_at_optimum,
)

SIZE = (7, 4)
PULL = 4.0
"""lambda times sigma^2: a known coordinate is pulled four times as strongly as noise of that level pushes."""


def gaussian(x: np.ndarray, mean: float, deviation: float) -> np.ndarray:
    """The density of N(mean, deviation^2) at x."""
    return np.exp(-(((x - mean) / deviation) ** 2) / 2) / (deviation * np.sqrt(2 * np.pi))


def draw_discriminator(path: Path) -> None:
    """1.1: D* over two densities."""
    x = np.linspace(-4, 6, 400)
    p_r, p_g = gaussian(x, 0, 1), (gaussian(x, 1, 0.6) + gaussian(x, 3, 0.8)) / 2
    plt.figure(figsize=SIZE)
    plt.fill_between(x, p_r, alpha=0.4, label="$p_r$")
    plt.fill_between(x, p_g, alpha=0.4, label="$p_g$")
    plt.plot(x, optimal_discriminator(p_r, p_g), color="black", label="$D^*$")
    plt.axhline(0.5, color="gray", linewidth=0.6)
    _finish(path, "x", "", ylim=(0, 1.02))


def draw_game(path: Path) -> None:
    """1.2: the game's value, of D* and of worse discriminators, against 2 JS - log 4."""
    x = np.linspace(-4, 9, 800)
    shifts = np.linspace(0, 5, 40)
    p_r = _normalised(gaussian(x, 0, 1))
    best, law, worse = [], [], []
    for shift in shifts:
        p_g = _normalised(gaussian(x, shift, 1))
        d = optimal_discriminator(p_r, p_g)
        best.append(_value(p_r, p_g, d))
        law.append(value_at_optimum(js_divergence(p_r, p_g)))
        worse.append(_value(p_r, p_g, 0.25 + 0.5 * d))
    plt.figure(figsize=SIZE)
    plt.plot(shifts, best, linewidth=5, alpha=0.35, label="Eq. 1 with $D^*$")
    plt.plot(shifts, law, color="black", label="$2\\,JS - \\log 4$")
    plt.plot(shifts, worse, linestyle="--", label="Eq. 1 with $D^*$ drawn towards 1/2")
    plt.axhline(0, color="gray", linewidth=0.6)
    plt.axhline(-np.log(4), color="gray", linewidth=0.6)
    _finish(path, "distance of the two distributions, in standard deviations", "value")


def _normalised(density: np.ndarray) -> np.ndarray:
    return density / density.sum()


def _value(p_r: np.ndarray, p_g: np.ndarray, d: np.ndarray) -> float:
    return float(np.sum(p_r * np.log(d) + p_g * np.log1p(-d)))


def draw_gradients(path: Path) -> None:
    """1.3: both derivatives against the logit; on the left, where D is sure of a generated image, one is 0."""
    logit = np.linspace(-8, 8, 400)
    saturating, other = generator_gradients(logit)
    plt.figure(figsize=SIZE)
    plt.axvspan(-8, -4, color="gray", alpha=0.15, label="D is sure: generated")
    plt.plot(logit, saturating, label="of $\\log(1 - D)$")
    plt.plot(logit, other, label="of $-\\log D$")
    _finish(path, "logit of D", "derivative with respect to the logit")


def draw_chain(path: Path) -> None:
    """2.3 and 2.4: mean and spread of x_t along a chain, a path, and the posterior means along it."""
    betas = np.linspace(0.01, 0.3, 30)
    x_0 = np.array([2.0])
    rng = np.random.Generator(np.random.PCG64(4))
    states = [x_0]
    for beta in betas:
        states.append(np.sqrt(1 - beta) * states[-1] + np.sqrt(beta) * rng.standard_normal(1))
    steps = np.arange(1, len(betas) + 1)
    marginals = [forward_marginal(x_0, betas, int(t)) for t in steps]
    means = np.array([mean[0] for mean, _ in marginals])
    deviations = np.sqrt([variance for _, variance in marginals])
    posterior = [posterior_mean(states[t], x_0, betas, int(t))[0] for t in steps]
    plt.figure(figsize=SIZE)
    plt.fill_between(
        steps, means - 2 * deviations, means + 2 * deviations, alpha=0.2, label="$q(x_t|x_0)$, 2 deviations"
    )
    plt.plot(steps, means, label="mean of $q(x_t|x_0)$")
    plt.plot(np.arange(len(states)), [state[0] for state in states], color="gray", marker=".", label="one path")
    plt.plot(steps - 1, posterior, color="black", linestyle=":", label="mean of $q(x_{t-1}|x_t, x_0)$")
    _finish(path, "t", "x")


class Conditioned(nn.Module):
    """A score network, conditioned on known coordinates by the formula of 2.5."""

    def __init__(self, network: nn.Module, x_known: Tensor, mask: Tensor) -> None:
        """Keep the network and what is known, both `(n, 2)`."""
        super().__init__()
        self.network, self.x_known, self.mask = network, x_known, mask

    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        """Return the conditional score `(n, 2)`; lambda is chosen for the noise level."""
        return conditional_score(self.network(x, sigma), x, self.x_known, self.mask, PULL / sigma**2)


def draw_inpainting(path: Path, model: Path, seed: int) -> None:
    """2.5: for each point of CS446 the horizontal coordinate is known, and the vertical one is completed.

    The points go to `inpainting.npz`: `known`, `completed` and `unconditional`, `(n, 2)` each.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    network = ScoreNet()
    network.load_state_dict(torch.load(model, weights_only=True))
    network.eval()
    known = torch.tensor(create_samples(), dtype=torch.float32)
    mask = torch.tensor([1.0, 0.0]).expand(known.shape)
    sigmas = torch.tensor(generate_sigmas(0.3, 0.01, 10), dtype=torch.float32)
    completed = langevin_dynamics_sample(Conditioned(network, known * mask, mask), len(known), sigmas)
    unconditional = langevin_dynamics_sample(network, len(known), sigmas)
    parts = {"known": known, "completed": completed, "unconditional": unconditional}
    np.savez(path.parent / "inpainting.npz", **{name: points.numpy() for name, points in parts.items()})
    figure, axes = plt.subplots(3, 1, figsize=(9, 8), sharex=True, sharey=True)
    axes[0].vlines(known[:, 0], -0.6, 0.6, linewidth=0.15)
    axes[0].set_title("what is known: the horizontal coordinate of each point")
    for axis, name, title in (
        (axes[1], "completed", "completed with the conditional score of 2.5"),
        (axes[2], "unconditional", "unconditional samples of the same network"),
    ):
        axis.scatter(parts[name][:, 0], parts[name][:, 1], s=4)
        axis.set_title(title)
    axes[0].set(xlim=(-2.5, 2.5), ylim=(-0.6, 0.6))
    figure.tight_layout()
    figure.savefig(path, dpi=100)
    plt.close(figure)


def _finish(path: Path, xlabel: str, ylabel: str, ylim: tuple[float, float] | None = None) -> None:
    """Label a figure and write it."""
    plt.xlabel(xlabel)
    plt.ylabel(ylabel)
    if ylim is not None:
        plt.ylim(*ylim)
    plt.legend()
    plt.tight_layout()
    plt.savefig(path, dpi=100)
    plt.close()


def main() -> None:
    """Draw all figures into a folder that has a trained `model.ckpt`."""
    parser = argparse.ArgumentParser(description="Draw a figure for each result of Problems 1 to 3.")
    parser.add_argument("--out", type=Path, default=Path(), help="folder with model.ckpt, and for the figures")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    plt.switch_backend("Agg")
    draw_discriminator(options.out / "discriminator.png")
    draw_game(options.out / "game.png")
    draw_gradients(options.out / "gradients.png")
    draw_chain(options.out / "chain.png")
    draw_inpainting(options.out / "inpainting.png", options.out / "model.ckpt", options.seed)


if __name__ == "__main__":
    main()
