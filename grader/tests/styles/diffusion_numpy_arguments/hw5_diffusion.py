import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


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
    # training_data and sigmas are numpy arrays, as the docstring says
    rng = np.random.default_rng(np.random.randint(2**31))
    sigma = rng.choice(sigmas, size=len(training_data))[:, np.newaxis]
    noisy = training_data.astype(np.float64) + sigma * rng.standard_normal(training_data.shape)
    target = -(noisy - training_data) / sigma ** 2
    noisy, sigma, target = (torch.from_numpy(a).float() for a in (noisy, sigma, target))
    return torch.mean(sigma[:, 0] ** 2 / 2 * torch.sum((scorenet(noisy, sigma) - target) ** 2, axis=1))


@torch.no_grad()
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    sigmas = sigmas.astype(np.float64)
    x = torch.randn(n_samples, 2)
    traj = []
    for sigma in sigmas:
        alpha = eps * sigma ** 2 / sigmas[-1] ** 2
        for t in range(iterations):
            x = x + alpha * scorenet(x, sigma) + np.sqrt(2 * alpha) * torch.randn(n_samples, 2)
            traj.append(x.numpy().copy())
    return torch.tensor(np.stack(traj, axis=1)) if return_traj else x


def main():
    pass


if __name__ == "__main__":
    main()
