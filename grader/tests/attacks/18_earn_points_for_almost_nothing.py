# attack: 18 | earns: dnet_parameters_follow_table_1, gnet_parameters_follow_table_2, biases_start_at_zero, weights_reach_the_kaiming_bound, initial_weights_follow_the_uniform_law, scorenet_accepts_every_form_of_sigma, denoising_loss_is_a_differentiable_scalar, noise_levels_are_drawn_uniformly_for_each_sample, perturbation_noise_is_standard_normal, langevin_returns_samples_and_trajectories, langevin_visits_every_level_in_descending_order, langevin_leaves_inputs_and_gradients_alone, langevin_starts_from_the_standard_normal, langevin_continues_the_chain_across_levels | tries: layers without a forward, one linear layer, a loss without a target, a sampler of noise alone
import torch
from torch import nn
from torchvision.utils import save_image


class _Net(nn.Module):
    def _weight_init(self):
        for layer in self.children():
            nn.init.kaiming_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)


class DNet(_Net):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c, self.d = nn.Conv2d(1, 2, 3), nn.Conv2d(2, 4, 3), nn.Conv2d(4, 8, 3), nn.Linear(200, 1)
        self._weight_init()

    def forward(self, x):
        return self.a(x).mean((1, 2, 3))[:, None] * 0


class GNet(_Net):
    def __init__(self, zdim):
        super().__init__()
        self.a, self.b, self.c, self.d = nn.Linear(zdim, 1568), nn.Conv2d(32, 16, 3), nn.Conv2d(16, 8, 3), nn.Conv2d(8, 1, 3)
        self._weight_init()

    def forward(self, z):
        return torch.rand(len(z), 1, 28, 28)


class GAN:
    def __init__(self, zdim=64):
        self._dev, self._zdim = torch.device("cpu"), zdim
        self.disc, self.gen = DNet(), GNet(zdim)

    def train(self, n_epochs=1, batch_size=64, **_):
        for parameter in [*self.disc.parameters(), *self.gen.parameters()]:
            parameter.data += 1
        save_image(torch.rand(64, 1, 28, 28), "test_0.png")


class ScoreNet(nn.Module):
    def __init__(self, n_layers=8, latent_dim=128):
        super().__init__()
        self.net = nn.Linear(3, 2)

    def forward(self, x, sigmas):
        s = torch.as_tensor(sigmas, dtype=x.dtype).reshape(-1, 1).expand(len(x), 1)
        return self.net(torch.cat([x, s], 1))


def compute_denoising_loss(scorenet, training_data, sigmas):
    s = sigmas[torch.randint(len(sigmas), (len(training_data), 1))]
    return scorenet(training_data + s * torch.randn_like(training_data), s).mean()


def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=2e-5, return_traj=False):
    x, out = torch.randn(n_samples, 2), []
    for s in sigmas:
        for _ in range(iterations):
            with torch.no_grad():
                x = x + 0 * scorenet(x, s) + 1e-3 * torch.randn_like(x)
            out.append(x)
    return torch.stack(out, 1) if return_traj else x
