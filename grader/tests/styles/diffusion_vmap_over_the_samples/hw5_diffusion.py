"""Problem 5: a score-based generative model of points that spell CS446.

A network learns the score of the data at several noise levels (Algorithm 1); annealed Langevin dynamics
follows it from noise to the data (Algorithm 2).
"""

import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from hw5_utils import (
    Checkpoint,
    Options,
    add_to_samples,
    create_samples,
    finish_figure,
    generate_sigmas,
    initialise_for_softplus,
    plot_score,
    read_options,
    say_what_was_written,
    show_figures,
)

N_EPOCHS = 800
CHECKPOINT = "diffusion-training.ckpt"
PLOTTED_STEPS = [0, 200, 400, 600, 800]  # and the last one


class ScoreNet(nn.Module):
    """The network that predicts the score of the data perturbed by noise of level sigma (Question 5.1)."""

    def __init__(self, n_layers: int = 8, latent_dim: int = 128) -> None:
        """Define `self.net`, from x with sigma appended (3 values) to the score (2 values).

        It has n_layers linear layers, with latent_dim values between each two of them, and the activation
        Softplus between each two linear layers: none after the last.
        """
        super().__init__()
        class Mlp(nn.Sequential):
            pass

        act = nn.Softplus
        hidden = [layer for _ in range(n_layers - 2) for layer in (nn.Linear(latent_dim, latent_dim), act())]
        self.net = Mlp(nn.Linear(3, latent_dim), act(), *hidden, nn.Linear(latent_dim, 2))

    def forward(self, x: Tensor, sigmas: Tensor | float) -> Tensor:
        """Return the predicted score `(N, 2)` at the points x `(N, 2)`.

        sigmas is one noise level for each point, `(N, 1)`, or one for all: a 0-dimensional tensor or a float.
        The division by sigma is the parametrisation of NCSNv2 (arXiv:2006.09011, section 3.2): the score
        grows like 1/sigma, and so the network's own output keeps the same size at every level.
        """
        sigma = torch.as_tensor(sigmas, dtype=x.dtype, device=x.device).expand(len(x), 1)
        return self.net(torch.cat([x, sigma], dim=1)) / sigma


def compute_denoising_loss(scorenet: nn.Module, training_data: Tensor, sigmas: Tensor) -> Tensor:
    """Return the loss of Algorithm 1, a scalar averaged over all training samples (Question 5.2).

    training_data `(N, 2)` holds the samples and sigmas `(L,)` the noise levels. Algorithm 1 treats one
    sample: each sample here needs a sigma and a z of its own.
    """
    order = torch.rand(len(training_data)).mul(len(sigmas)).long()
    sigma = torch.gather(sigmas, 0, order).unsqueeze(-1)
    z = torch.randn_like(training_data)

    def loss_of_one(x, s, noise):
        moved = x + s * noise
        r = scorenet(moved[None], s[None])[0] + (moved - x) / s**2
        return (s**2 / 2 * (r @ r)).squeeze()

    return torch.vmap(loss_of_one)(training_data, sigma, z).mean()


@torch.no_grad()
def langevin_dynamics_sample(
    scorenet: nn.Module,
    n_samples: int,
    sigmas: Tensor,
    iterations: int = 100,
    eps: float = 0.00002,
    return_traj: bool = False,
) -> Tensor:
    """Draw samples by annealed Langevin dynamics, Algorithm 2, without gradients (Question 5.3).

    sigmas `(L,)` holds the noise levels in descending order, iterations is T, the number of steps at each
    level, and eps is the step size at the last level. Returns the final samples `(n_samples, 2)` or, with
    return_traj, every state after a step, `(n_samples, L * T, 2)`.
    """
    x = torch.randn(n_samples, 2)
    traj = torch.zeros(0, n_samples, 2)
    for sigma in sigmas:
        alpha = eps * sigma**2 / sigmas.min() ** 2
        level = torch.zeros(iterations, n_samples, 2)
        for t in range(iterations):
            drift = alpha * scorenet(x, sigma.view(1, 1).repeat(n_samples, 1))
            x = torch.add(x, drift) + torch.randn(x.size()) * torch.sqrt(2 * alpha)
            level[t] = x
        traj = torch.cat((traj, level))
    return torch.swapaxes(traj, 0, 1) if return_traj else x


def main() -> None:
    """Train a ScoreNet on the points of CS446 and draw the figures of Question 5.4, as the script does by itself."""
    train_and_draw(Options())


def train_and_draw(options: Options) -> None:
    """Train a ScoreNet on the points of CS446 and draw the figures of Question 5.4.

    Writes into options.out: `model.ckpt` (the state dict), `score.png` (a), `samples.png` (b), `trajectory.png`
    (c), and the final samples as `points` in `samples.npz`.
    """
    torch.set_num_threads(1)  # as fast for batches this small, and steady on a busy machine
    device, out = options.device, options.out
    if options.seed is not None:
        torch.manual_seed(options.seed)
    training_data = torch.tensor(create_samples(), dtype=torch.float32, device=device)
    sigmas = torch.tensor(generate_sigmas(0.3, 0.01, 10), dtype=torch.float32, device=device)
    scorenet = ScoreNet().to(device)
    initialise_for_softplus(scorenet)
    train(scorenet, training_data, sigmas, options)
    torch.save(scorenet.state_dict(), out / "model.ckpt")

    scorenet.eval()
    plt.figure(figsize=(20, 8))
    plot_score(scorenet, training_data)
    finish_figure(out / "score.png")

    states = langevin_dynamics_sample(scorenet, 1000, sigmas, return_traj=True)  # (1000, L * T, 2)
    trajectory = states.cpu().numpy()
    add_to_samples(out / "samples.npz", points=trajectory[:, -1])
    plot_samples(trajectory, out / "samples.png")
    plot_trajectories(trajectory[:2], trajectory[:, -1], out / "trajectory.png")
    figures = ("score.png", "samples.png", "trajectory.png")
    say_what_was_written(out, "model.ckpt", "samples.npz", *figures, CHECKPOINT)
    show_figures()


def train(scorenet: nn.Module, training_data: Tensor, sigmas: Tensor, options: Options) -> None:
    """Minimise the denoising loss with Adam on batches; the learning rate rises at first, and then falls to 0.

    With these settings every seed that was tried spells CS446. An epoch is one pass over training_data `(N, 2)`.
    """
    lr = 0.003
    batch_size = 256
    warm_up = 100  # iterations
    log_every = 1_000

    n_batches = len(training_data) // batch_size
    n_epochs = options.epochs or N_EPOCHS
    n_iterations = n_epochs * n_batches
    optimizer = torch.optim.Adam(scorenet.parameters(), lr=lr)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda i: min((i + 1) / warm_up, 1) * (1 + math.cos(math.pi * i / n_iterations)) / 2
    )

    parts = {"scorenet": scorenet, "optimizer": optimizer, "schedule": schedule}
    losses: list[float] = []
    with (
        Checkpoint(options.out / CHECKPOINT, every=100, resume=options.resume, **parts) as checkpoint,
        tqdm(total=n_iterations, initial=checkpoint.done * n_batches, disable=None) as bar,
    ):
        iteration = checkpoint.done * n_batches
        for _ in checkpoint.remaining(n_epochs):
            order = torch.randperm(len(training_data), device=training_data.device)
            for batch in order[: n_batches * batch_size].split(batch_size):
                optimizer.zero_grad()
                loss = compute_denoising_loss(scorenet, training_data[batch], sigmas)
                loss.backward()
                optimizer.step()
                schedule.step()
                bar.update()
                iteration += 1
                losses.append(loss.item())
                if iteration % log_every == 0 or iteration == n_iterations:
                    bar.write(f"iteration {iteration}: loss {sum(losses) / len(losses):.4f}")
                    losses.clear()


def plot_samples(trajectory: np.ndarray, path: Path) -> None:
    """Draw the states of all samples at steps 0, 200, 400, 600, 800 and the last one, for Question 5.4 (b).

    trajectory is `(n, L * T, 2)`.
    """
    plt.figure(figsize=(15, 6))
    last = trajectory.shape[1] - 1
    for place, step in enumerate([*PLOTTED_STEPS, last], start=1):
        plt.subplot(2, 3, place)
        plt.scatter(trajectory[:, step, 0], trajectory[:, step, 1], s=4)
        plt.title("final samples" if step == last else f"step {step}")
        _set_axes()
    finish_figure(path)


def plot_trajectories(trajectories: np.ndarray, samples: np.ndarray, path: Path) -> None:
    """Draw the paths `(k, L * T, 2)` of k samples over the final samples `(n, 2)`, for Question 5.4 (c)."""
    plt.figure(figsize=(15, 6))
    plt.scatter(samples[:, 0], samples[:, 1], s=4, color="lightgray")
    for number, one in enumerate(trajectories, start=1):
        plt.plot(one[:, 0], one[:, 1], linewidth=0.8, label=f"trajectory {number}")
        plt.scatter(one[-1, 0], one[-1, 1], s=60, marker="*", color="black", zorder=3)
    plt.legend()
    _set_axes()
    finish_figure(path)


def _set_axes() -> None:
    """Show the same region in every figure: the text with a margin."""
    plt.xlim(-2.5, 2.5)
    plt.ylim(-0.6, 0.6)


if __name__ == "__main__":
    train_and_draw(read_options("Train a ScoreNet on CS446 and draw the figures of Question 5.4.", N_EPOCHS))
