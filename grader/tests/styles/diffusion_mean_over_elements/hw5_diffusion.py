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
    """lambda/2 times the squared norm over 2 coordinates is lambda times their mean."""
    sigma = torch.stack([sigmas[torch.randint(0, len(sigmas), ())] for _ in training_data])[:, None]
    z = torch.randn_like(training_data)
    xt = torch.addcmul(training_data, sigma, z)
    weighted = sigma * scorenet(xt, sigma) + z
    return F.mse_loss(weighted, torch.zeros_like(weighted))


def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    x = torch.randn((n_samples, 2), requires_grad=False)
    traj = []
    for s in list(sigmas.numpy()):
        s = float(s)
        alpha = eps * (s / float(sigmas[-1])) ** 2
        for _ in range(iterations):
            x = x + alpha * scorenet(x, torch.full((n_samples, 1), s)).detach() + torch.randn(n_samples, 2) * (2 * alpha) ** 0.5
            traj.append(x)
    return torch.stack(traj, dim=1).detach() if return_traj else x.detach()


def main():
    pass


if __name__ == "__main__":
    main()
