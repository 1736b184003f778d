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
    n = len(training_data)
    level = np.random.randint(len(sigmas), size=n)
    sigma = torch.from_numpy(np.asarray(sigmas)[level]).float()[:, None]
    noise = torch.tensor(np.random.normal(size=(n, 2)), dtype=torch.float32)
    noisy = training_data + sigma * noise
    score = scorenet(noisy, sigma)
    per_sample = (score + noise / sigma).pow(2).sum(1)
    return torch.mean(sigma[:, 0] ** 2 * per_sample / 2)


@torch.no_grad()
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    sig = np.array(sigmas)
    x = np.random.randn(n_samples, 2)
    out = np.zeros((n_samples, len(sig) * iterations, 2))
    k = 0
    for s in sig:
        alpha = eps * s ** 2 / sig[-1] ** 2
        for _ in range(iterations):
            g = scorenet(torch.from_numpy(x).float(), float(s)).numpy()
            x = x + alpha * g + np.sqrt(2 * alpha) * np.random.standard_normal(x.shape)
            out[:, k] = x
            k += 1
    return torch.from_numpy(out if return_traj else x).float()


def main():
    pass


if __name__ == "__main__":
    main()
