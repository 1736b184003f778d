import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class ScoreNet(nn.Module):
    def __init__(self, n_layers=8, latent_dim=128):
        super().__init__()
        widths = [3, *([latent_dim] * (n_layers - 1)), 2]
        self.n = n_layers
        for i, (a, b) in enumerate(zip(widths[:-1], widths[1:])):
            setattr(self, f"fc{i}", nn.Linear(a, b))

    @property
    def net(self):
        return lambda h: self._run(h)

    def _run(self, h):
        for i in range(self.n):
            h = getattr(self, f"fc{i}")(h)
            if i < self.n - 1:
                h = torch.logaddexp(h, torch.zeros_like(h))
        return h

    def forward(self, x, sigmas):
        s = torch.as_tensor(sigmas, dtype=x.dtype) * torch.ones(x.shape[0], 1, dtype=x.dtype)
        return self._run(torch.cat((x, s), -1)) / s


def compute_denoising_loss(scorenet, training_data, sigmas):
    n = training_data.size()[0]
    lam_idx = torch.tensor(np.random.permutation(np.random.randint(0, len(sigmas), n)))
    sigma = torch.take(sigmas, lam_idx).unsqueeze(1)
    delta = torch.mul(sigma, torch.randn(n, 2))
    perturbed = torch.add(training_data, delta)
    inside = scorenet(perturbed, sigma) + torch.div(delta, sigma ** 2)
    loss = torch.tensor(0.0)
    for coordinate in range(2):
        loss = loss + torch.sum(0.5 * sigma[:, 0] ** 2 * inside[:, coordinate] ** 2)
    return loss / n


@torch.no_grad()
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    total = len(sigmas) * iterations
    x = torch.randn(n_samples, 2)
    traj = torch.zeros((n_samples, total, 2))
    for k in range(total):
        sigma = sigmas[k // iterations]
        alpha = float(eps * sigma ** 2 / sigmas[-1] ** 2)
        traj[:, k] = x
        x = torch.normal(x + alpha * scorenet(x, sigma), (2 * alpha) ** 0.5)
    return traj if return_traj else x


def main():
    pass


if __name__ == "__main__":
    main()
