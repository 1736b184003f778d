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
    chosen = np.random.choice(np.array(sigmas), size=(len(training_data), 1))
    sigma = torch.tensor(chosen, dtype=torch.float)
    x = training_data.clone()
    x += sigma * torch.randn(x.size())
    res = scorenet(x, sigma)
    res += (x - training_data) / (sigma * sigma)
    res *= sigma
    return res.pow(2).mean()


def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    device = next(scorenet.parameters()).device
    x = torch.empty(n_samples, 2).normal_().to(device)
    states = [x.clone()]
    with torch.no_grad():
        for sigma in sigmas:
            a = (eps * sigma * sigma / sigmas.min() ** 2).item()
            for _ in range(iterations):
                x += a * scorenet.forward(x, sigma.item())
                x += np.sqrt(2 * a) * torch.randn(n_samples, 2)
                states.append(x.clone().detach())
    if return_traj:
        return torch.stack(states[1:]).permute(1, 0, 2)
    return x


def main():
    pass


if __name__ == "__main__":
    main()
