import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class ScoreNet(nn.Module):
    def __init__(self, n_layers=8, latent_dim=128):
        super(ScoreNet, self).__init__()
        self.layers = nn.ModuleList()
        size = 3
        for _ in range(n_layers - 1):
            self.layers.append(nn.Linear(size, latent_dim))
            size = latent_dim
        self.out = nn.Linear(size, 2, bias=True)
        self.unused_setting = {"n": n_layers}

    def forward(self, x, sigmas):
        if not torch.is_tensor(sigmas):
            sigmas = torch.full((x.size(0), 1), float(sigmas))
        sigmas = sigmas.view(-1, 1)
        if sigmas.size(0) == 1:
            sigmas = sigmas.expand(x.size(0), 1)
        h = torch.hstack((x, sigmas))
        for layer in self.layers:
            h = F.softplus(layer(h))
        return self.out(h).div(sigmas)


def compute_denoising_loss(scorenet, training_data, sigmas):
    data = training_data[torch.randperm(len(training_data))]
    losses = []
    for chunk in data.split(100):
        sigma = sigmas[torch.floor(torch.rand(len(chunk)) * len(sigmas)).long()].reshape(-1, 1)
        z = torch.randn_like(chunk)
        noisy = chunk + sigma * z
        s = scorenet(noisy, sigma)
        losses.append(0.5 * (sigma * s + z).square().sum(1))
    return torch.cat(losses).mean()


@torch.no_grad()
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    parts = []
    for start in range(0, n_samples, 100):
        m = min(100, n_samples - start)
        x = torch.randn(m, 2)
        steps = []
        for sigma in sigmas:
            alpha = eps * sigma ** 2 / sigmas[-1] ** 2
            for _ in range(iterations):
                x = x + alpha * scorenet(x, sigma) + torch.sqrt(2 * alpha) * torch.randn(m, 2)
                steps.append(x)
        parts.append(torch.stack(steps, 1))
    traj = torch.cat(parts)
    return traj if return_traj else traj[:, -1, :]


def main():
    pass


if __name__ == "__main__":
    main()
