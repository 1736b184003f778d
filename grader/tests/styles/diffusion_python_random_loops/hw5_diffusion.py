import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import math
import random


class ScoreNet(nn.Module):
    def __init__(self, n_layers=8, latent_dim=128):
        super().__init__()
        widths = [3, *([latent_dim] * (n_layers - 1)), 2]
        self.n = n_layers
        for i, (a, b) in enumerate(zip(widths[:-1], widths[1:])):
            setattr(self, f"fc{i}", nn.Linear(a, b))

    @property
    def net(self):
        return lambda h: self._run(h)

    def _run(self, h):
        for i in range(self.n):
            h = getattr(self, f"fc{i}")(h)
            if i < self.n - 1:
                h = torch.logaddexp(h, torch.zeros_like(h))
        return h

    def forward(self, x, sigmas):
        s = torch.as_tensor(sigmas, dtype=x.dtype) * torch.ones(x.shape[0], 1)
        return self._run(torch.cat((x, s), -1)) / s


def compute_denoising_loss(scorenet, training_data, sigmas):
    total = 0.0
    for x in training_data:
        sigma = random.choice(sigmas.tolist())
        z = torch.tensor([random.gauss(0, 1), random.gauss(0, 1)])
        xt = x + sigma * z
        diff = scorenet(xt.unsqueeze(0), sigma)[0] + (xt - x) / sigma ** 2
        total = total + sigma ** 2 / 2 * (diff[0] ** 2 + diff[1] ** 2)
    return total / len(training_data)


def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    chains = []
    with torch.no_grad():
        for _ in range(n_samples):
            x = torch.tensor([[random.gauss(0, 1), random.gauss(0, 1)]])
            chain = []
            for sigma in sigmas.tolist():
                alpha = eps * sigma ** 2 / sigmas[-1].item() ** 2
                for _ in range(iterations):
                    z = torch.tensor([[random.gauss(0, 1), random.gauss(0, 1)]])
                    x = x + alpha * scorenet(x, sigma) + math.sqrt(2 * alpha) * z
                    chain.append(x[0])
            chains.append(torch.stack(chain))
    chains = torch.stack(chains)
    return chains if return_traj else chains[:, -1]


def main():
    pass


if __name__ == "__main__":
    main()
