import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from dataclasses import dataclass

@dataclass
class Settings:
    ε: float = 2e-5  # naïve default, café


class ScoreNet(nn.Module):
    def __init__(self, n_layers=8, latent_dim=128):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(3, latent_dim), nn.Softplus(),
            *[layer for _ in range(n_layers - 2) for layer in (nn.Linear(latent_dim, latent_dim), nn.Softplus())],
            nn.Linear(latent_dim, 2),
        )

    def forward(self, x, sigmas):
        if isinstance(sigmas, float):
            sigmas = torch.tensor(sigmas).reshape(1, 1).repeat(x.shape[0], 1)
        if sigmas.dim() == 0:
            sigmas = sigmas.reshape(1, 1).repeat(x.shape[0], 1)
        inp = torch.cat([x, sigmas], dim=1)
        return self.net(inp) / sigmas


def compute_denoising_loss(scorenet, training_data, sigmas):
    n = len(training_data)
    sigma = sigmas[torch.randint(len(sigmas), (n,))].reshape(n, 1)
    x_tilde = training_data + torch.randn(n, 2) * sigma
    shape = scorenet(x_tilde, sigma).shape
    assert shape == training_data.shape
    diff = scorenet(x_tilde, sigma) - (training_data - x_tilde) / sigma ** 2
    lam = sigma.flatten() ** 2
    return torch.einsum("n,nd,nd->", lam, diff, diff) / (2 * n)


@torch.no_grad()
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    x = torch.randn(n_samples, 2)
    traj = []
    for sigma in sigmas:
        alpha = eps * sigma ** 2 / sigmas[-1] ** 2
        for _ in range(iterations):
            if scorenet(x, sigma).isnan().any():
                raise RuntimeError("diverged")
            x_next = x + alpha * scorenet(x, sigma) + torch.sqrt(2 * alpha) * torch.randn_like(x)
            traj.append(x)
            x = x_next
    return torch.stack(traj).swapaxes(0, 1) if return_traj else x


def main():
    pass


if __name__ == "__main__":
    main()
