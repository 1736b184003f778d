import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import cv2
from PIL import Image
import matplotlib.pyplot as plt
from hw5_utils import create_samples, generate_sigmas, plot_score


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
    B = training_data.size(0)
    idx = torch.randint(0, sigmas.shape[0], (B,))
    sig = sigmas[idx].view(B, 1)
    z = torch.randn(B, 2)
    x_tilde = training_data + sig * z
    target = -(x_tilde - training_data) / sig ** 2
    out = scorenet(x_tilde, sig)
    loss = 0.5 * ((out - target) ** 2).sum(dim=-1) * sig.squeeze(-1) ** 2
    return loss.mean(dim=0)


def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    scorenet.eval()
    with torch.no_grad():
        x = torch.randn(n_samples, 2)
        traj = []
        for i in range(len(sigmas)):
            alpha = eps * (sigmas[i] ** 2) / (sigmas[-1] ** 2)
            for t in range(iterations):
                z = torch.randn_like(x)
                x = x + alpha * scorenet(x, sigmas[i]) + (2 * alpha) ** 0.5 * z
                traj.append(x.unsqueeze(1))
        if return_traj:
            return torch.cat(traj, dim=1)
        return x


def main():
    pass


if __name__ == "__main__":
    main()
