import numpy as np, torch, random
from torch import nn
from hw5_utils import create_samples, generate_sigmas, plot_score
class ScoreNet(nn.Module):
    def __init__(self, n_layers=8, latent_dim=128):
        super(ScoreNet, self).__init__()
        dims = [3] + [latent_dim]*(n_layers-1) + [2]
        self.net = nn.ModuleList(nn.Linear(i, o) for i, o in zip(dims, dims[1:]))
        self.act = nn.Softplus()
    def forward(self, x, sigmas):
        if not torch.is_tensor(sigmas):
            sigmas = torch.tensor(float(sigmas))
        s = sigmas.reshape(-1, 1).expand(x.shape[0], 1)
        h = torch.hstack((x, s))
        for i, l in enumerate(self.net):
            h = l(h)
            if i < len(self.net) - 1:
                h = self.act(h)
        return h / s
def compute_denoising_loss(scorenet, training_data, sigmas):
    total = 0
    n = training_data.size(0)
    choice = np.random.choice(len(sigmas), size=n)
    used = torch.stack([sigmas[i] for i in choice]).float().reshape(n, 1)
    z = torch.from_numpy(np.random.normal(size=(n, 2)).astype(np.float32))
    noisy = training_data.clone() + z * used
    s = scorenet(noisy, used)
    per_coord = 0.5 * (used * s + z) ** 2
    return per_coord.sum(-1).sum() / n
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    device = next(scorenet.parameters()).device
    scorenet.eval()
    L = len(sigmas)
    traj = torch.zeros(n_samples, L*iterations, 2)
    with torch.inference_mode():
        xt = torch.distributions.MultivariateNormal(torch.zeros(2), torch.eye(2)).sample((n_samples,))
        k = 0
        for sigma in sigmas:
            alpha = eps * (sigma / sigmas[L-1]).pow(2)
            for _ in range(iterations):
                traj[:, k] = xt
                k += 1
                noise = torch.normal(0., 1., size=xt.shape)
                s = torch.full((n_samples, 1), sigma.item())
                xt = xt + alpha * scorenet(xt, s) + (2 * alpha).sqrt() * noise
    if return_traj:
        return traj
    return xt
