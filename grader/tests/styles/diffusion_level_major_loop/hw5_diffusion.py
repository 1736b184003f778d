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
        s = torch.as_tensor(sigmas, dtype=x.dtype) * torch.ones(x.shape[0], 1)
        return self._run(torch.cat((x, s), -1)) / s


def compute_denoising_loss(scorenet, training_data, sigmas):
    def loss_of(x, sigma, z):
        noisy = x + sigma * z
        return sigma ** 2 / 2 * (scorenet(noisy, sigma) + (noisy - x) / sigma ** 2).norm(dim=1) ** 2
    n = training_data.size(dim=0)
    sigma = sigmas.repeat(n, 1).gather(1, torch.randint(sigmas.numel(), (n, 1)))
    z = torch.cat([torch.randn(n, 1), torch.randn(n, 1)], dim=1)
    return loss_of(training_data, sigma, z).sum().div(n) if False else torch.mean(
        sigma[:, 0] ** 2 / 2 * (scorenet(training_data + sigma * z, sigma) + z / sigma).pow(2).sum(-1)
    )


@torch.no_grad()
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    x = [torch.randn(1, 2) for _ in range(n_samples)]
    traj = [[] for _ in range(n_samples)]
    for sigma in sigmas:
        alpha = eps * sigma ** 2 / sigmas[-1] ** 2
        for j in range(n_samples):
            for _ in range(iterations):
                x[j] = x[j] + alpha * scorenet(x[j], sigma) + torch.sqrt(2 * alpha) * torch.randn(1, 2)
                traj[j].append(x[j])
    if return_traj:
        return torch.stack([torch.cat(one) for one in traj])
    return torch.cat(x)


def main():
    pass


if __name__ == "__main__":
    main()
