import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


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
    data = training_data.double()
    sigma = sigmas.double()[torch.randint(len(sigmas), (len(data), 1))]
    z = torch.randn(data.shape, dtype=torch.float64)
    noisy = data + sigma * z
    s = scorenet(noisy.float(), sigma.float()).double()
    loss = sigma ** 2 / 2 * torch.sum((s + (noisy - data) / sigma ** 2) ** 2, dim=1, keepdim=True)
    return loss.mean()


@torch.no_grad()
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    x = torch.randn(n_samples, 2, dtype=torch.double)
    s = sigmas.double()
    hist = torch.zeros(len(s) * iterations, n_samples, 2, dtype=torch.double)
    step = 0
    for i in range(len(s)):
        a = eps * s[i] ** 2 / s[-1] ** 2
        for _ in range(iterations):
            hist[step] = x
            step += 1
            x = x + a * scorenet(x.float(), s[i].float()).double() + (2 * a).sqrt() * torch.randn_like(x)
    return hist.transpose(0, 1) if return_traj else x


def main():
    pass


if __name__ == "__main__":
    main()
