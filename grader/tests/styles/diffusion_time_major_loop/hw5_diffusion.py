import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


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
    values = []
    for i in range(training_data.shape[0]):
        x = training_data[i : i + 1]
        sigma = sigmas[torch.randint(0, sigmas.shape[0], (1,)).item()]
        noisy = x + sigma * torch.randn(1, 2)
        r = scorenet(noisy, sigma) + (noisy - x) / sigma.pow(2)
        values.append(sigma.pow(2) / 2 * torch.dot(r.flatten(), r.flatten()))
    return torch.stack(values).mean().reshape(1)


@torch.no_grad()
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    x = torch.randn(n_samples, 2)
    traj = torch.zeros(n_samples, sigmas.numel() * iterations, 2)
    k = 0
    for sigma in sigmas:
        alpha = eps * sigma ** 2 / sigmas[-1] ** 2
        for _ in range(iterations):
            new = torch.zeros_like(x)
            for j in range(n_samples):
                new[j] = x[j] + alpha * scorenet(x[j : j + 1], sigma.view(1, 1))[0] + torch.sqrt(2 * alpha) * torch.randn(2)
            x = new
            traj[:, k, :] = x
            k = k + 1
    return traj if return_traj else x


def main():
    pass


if __name__ == "__main__":
    main()
