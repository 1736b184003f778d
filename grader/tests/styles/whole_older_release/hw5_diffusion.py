import cv2
import torch
import torch.nn as nn
from PIL import Image
import numpy as np
import matplotlib.pyplot as plt
from hw3_utils import create_samples, generate_sigmas, plot_score


class ScoreNet(nn.Module):
    def __init__(self, n_layers=8, latent_dim=128):
        super().__init__()
        layers = []
        layers.append(nn.Linear(3, latent_dim))
        layers.append(nn.Softplus())
        for _ in range(n_layers - 2):
            layers.append(nn.Linear(latent_dim, latent_dim))
            layers.append(nn.Softplus())
        layers.append(nn.Linear(latent_dim, 2))
        self.net = nn.Sequential(*layers)

    def forward(self, x, sigmas):
        if isinstance(sigmas, float):
            sigmas = torch.tensor(sigmas).reshape(1, 1).repeat(x.shape[0], 1)
        if sigmas.dim() == 0:
            sigmas = sigmas.reshape(1, 1).repeat(x.shape[0], 1)
        inp = torch.cat([x, sigmas], dim=1)
        score = self.net(inp) / sigmas
        return score


def compute_denoising_loss(scorenet, training_data, sigmas):
    B, C = training_data.shape
    idx = torch.randint(0, len(sigmas), (B,), device=training_data.device)
    s = sigmas[idx].view(-1, 1)
    z = torch.randn(B, C)
    xt = training_data + s * z
    lam = s ** 2
    score = scorenet(xt, s)
    target = (xt - training_data) / (s ** 2)
    loss = lam / 2 * torch.norm(score + target, dim=1, keepdim=True) ** 2
    return torch.mean(loss)


@torch.no_grad()
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    x = torch.randn(n_samples, 2)
    traj = []
    for i in range(len(sigmas)):
        a = eps * (sigmas[i] ** 2) / (sigmas[-1] ** 2)
        for t in range(iterations):
            z = torch.randn(n_samples, 2)
            x = x + a * scorenet(x, sigmas[i]) + np.sqrt(2 * a) * z
            traj.append(x[:, None, :])
    if return_traj:
        return torch.cat(traj, dim=1)
    else:
        return x


def main():
    pass


if __name__ == "__main__":
    main()
