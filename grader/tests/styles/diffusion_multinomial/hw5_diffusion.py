import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Normal


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


def compute_denoising_loss(scorenet, training_data, sigmas):
    n = training_data.shape[0]
    pick = torch.multinomial(torch.ones(len(sigmas)), n, replacement=True)
    sigma = sigmas.index_select(0, pick).unsqueeze(-1)
    dist = Normal(training_data, sigma.expand(n, 2))
    xt = dist.sample()
    d = (xt - training_data) / sigma.square()
    norm = torch.linalg.vector_norm(scorenet(xt, sigma) + d, dim=1) ** 2
    return (0.5 * sigma.squeeze() ** 2 * norm).sum() / n


@torch.inference_mode()
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    x = Normal(0.0, 1.0).sample((n_samples, 2))
    L = len(sigmas)
    traj = torch.empty(n_samples, L * iterations, 2)
    for i, sigma in enumerate(sigmas):
        alpha = eps * (sigma / sigmas[-1]).pow(2)
        column = sigma * torch.ones(n_samples, 1)
        for t in range(iterations):
            traj[:, i * iterations + t] = x
            x = x + alpha * scorenet(x, column) + torch.sqrt(2 * alpha) * torch.normal(0.0, 1.0, size=(n_samples, 2))
    return traj if return_traj else x


def main():
    pass


if __name__ == "__main__":
    main()
