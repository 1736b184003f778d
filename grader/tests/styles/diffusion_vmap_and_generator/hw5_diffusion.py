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


_generator = torch.Generator().manual_seed(torch.seed() % 2**31)


def compute_denoising_loss(scorenet, training_data, sigmas):
    n, d = training_data.shape
    sigma = sigmas[torch.randint(high=len(sigmas), size=[n], generator=_generator)][..., None]
    z = torch.randn([n, d], generator=_generator)
    s = scorenet(training_data + sigma * z, sigma)
    half_norms = 0.5 * torch.func.vmap(lambda a: a @ a)(s + z / sigma)
    return half_norms.mul(sigma.flatten().square()).mean()


def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    before = torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    x = torch.randn(n_samples, 2, generator=_generator)
    path = x[:, None]
    i = 0
    while i < len(sigmas):
        a, t = eps * sigmas[i] ** 2 / sigmas[len(sigmas) - 1] ** 2, 0
        while t < iterations:
            x = x + a * scorenet(x, sigmas[i]) + (2 * a) ** .5 * torch.randn(n_samples, 2, generator=_generator)
            path = torch.cat((path, x[:, None]), 1)
            t += 1
        i += 1
    torch.set_grad_enabled(before)
    return path[:, 1:] if return_traj else x


def main():
    pass


if __name__ == "__main__":
    main()
