import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from typing import List


class ScoreNet(nn.Module):
    """One Softplus module, used again and again."""

    def __init__(self, n_layers=8, latent_dim=128):
        super().__init__()
        act = nn.Softplus(beta=1.0, threshold=20)
        modules = [nn.Linear(in_features=3, out_features=latent_dim), act]
        for k in range(n_layers - 2):
            modules.extend([nn.Linear(latent_dim, latent_dim), act])
        modules.append(nn.Linear(latent_dim, 2))
        self.net = nn.Sequential(*modules)

    def forward(self, x, sigmas):
        if isinstance(sigmas, float):
            sigmas = torch.ones(len(x), 1) * sigmas
        elif sigmas.ndim == 0:
            sigmas = sigmas.repeat(len(x), 1)
        return 1.0 / sigmas * self.net(torch.concat([x, sigmas], axis=1))


def compute_denoising_loss(scorenet: nn.Module, training_data: torch.Tensor, sigmas: torch.Tensor) -> torch.Tensor:
    """Groups the samples by noise level, one call of the network each."""
    which = torch.randint_like(training_data[:, 0], len(sigmas)).long()
    total = torch.zeros(())
    for i in range(len(sigmas)):
        group = training_data[which == i]
        if len(group) == 0:
            continue
        sigma = sigmas[i]
        noisy = group + sigma * torch.randn_like(group)
        target = (noisy - group) / sigma ** 2
        total = total + sigma ** 2 / 2 * ((scorenet(noisy, sigma) + target) ** 2).sum()
    return total / len(training_data)


@torch.no_grad()
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    x = torch.randn(n_samples, 2)
    everything: List[torch.Tensor] = []
    alphas = eps * sigmas ** 2 / sigmas[-1] ** 2
    for sigma, alpha in zip(sigmas, alphas):
        if return_traj:
            everything.append(torch.zeros(n_samples, iterations, 2))
        for t in range(iterations):
            noise = torch.randn(x.shape) * (2 * alpha).sqrt()
            drift = alpha * scorenet(x, sigma.expand(n_samples, 1))
            x = x.add(drift).add(noise)
            if return_traj:
                everything[-1][:, t, :] = x
    return torch.cat(everything, dim=1) if return_traj else x


def main():
    pass


if __name__ == "__main__":
    main()
