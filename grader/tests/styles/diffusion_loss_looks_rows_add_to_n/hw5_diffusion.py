import torch
import torch.nn as nn


class ScoreNet(nn.Module):
    def __init__(self, n_layers=8, latent_dim=128):
        super().__init__()
        sizes = [3] + [latent_dim] * (n_layers - 1) + [2]
        self.net = nn.Sequential()
        for k in range(n_layers):
            self.net.add_module(f"linear{k}", nn.Linear(sizes[k], sizes[k + 1]))
            if k < n_layers - 1:
                self.net.add_module(f"softplus{k}", nn.Softplus())

    def forward(self, x, sigmas):
        if not torch.is_tensor(sigmas):
            sigmas = torch.tensor(float(sigmas))
        if sigmas.ndim == 0:
            sigmas = sigmas.expand(x.shape[0], 1)
        return self.net(torch.cat([x, sigmas], dim=1)) / sigmas


def compute_denoising_loss(scorenet, training_data, sigmas):
    # Which dtype does the network answer with? It is asked at one point more than there are samples.
    dtype = scorenet(training_data[:1] * 0, sigmas[-1:].reshape(1, 1)).dtype
    sigma = sigmas[torch.randint(0, len(sigmas), (len(training_data), 1))]
    noise = torch.randn_like(training_data)
    x_tilde = training_data + sigma * noise
    error = scorenet(x_tilde, sigma) + (x_tilde - training_data) / sigma**2
    return (sigma.squeeze(1) ** 2 / 2 * error.norm(dim=1) ** 2).mean()


@torch.no_grad()
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    x = torch.randn(n_samples, 2)
    visited = []
    for sigma in sigmas:
        alpha = eps * (sigma / sigmas[-1]) ** 2
        for _ in range(iterations):
            x = x + alpha * scorenet(x, sigma) + (2 * alpha).sqrt() * torch.randn_like(x)
            visited.append(x)
    return torch.stack(visited, 1) if return_traj else x


def main():
    pass
