import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import Tensor, optim
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.utils import save_image
from tqdm import tqdm

from hw5_utils import BASE_URL, GANDataset, download


class DNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.w1 = nn.Parameter(torch.empty(2, 1, 3, 3))
        self.b1 = nn.Parameter(torch.empty(2))
        self.w2 = nn.Parameter(torch.empty(4, 2, 3, 3))
        self.b2 = nn.Parameter(torch.empty(4))
        self.w3 = nn.Parameter(torch.empty(8, 4, 3, 3))
        self.b3 = nn.Parameter(torch.empty(8))
        self.w4 = nn.Parameter(torch.empty(1, 200))
        self.b4 = nn.Parameter(torch.empty(1))
        self._weight_init()

    def _weight_init(self):
        for p in self.parameters():
            nn.init.kaiming_uniform_(p) if p.dim() > 1 else nn.init.zeros_(p)

    def forward(self, x):
        zero = torch.zeros(1, device=x.device)
        x = torch.maximum(F.conv2d(x, self.w1, self.b1, padding=1), zero)
        x = F.max_pool2d(x, 2)
        x = F.conv2d(F.pad(x, (1, 1, 1, 1)), self.w2) + self.b2.view(1, -1, 1, 1)
        x = F.max_pool2d(x.clamp(min=0), 2)
        x = F.conv2d(x, self.w3, self.b3)
        x = torch.where(x > 0, x, torch.zeros_like(x))
        return x.reshape(len(x), 200) @ self.w4.T + self.b4


class GNet(nn.Module):
    def __init__(self, zdim):
        super().__init__()
        self.lin = nn.Linear(zdim, 1568)
        self.c1 = nn.Conv2d(32, 16, 3, padding=1)
        self.c2 = nn.Conv2d(16, 8, 3, padding=1)
        self.c3 = nn.Conv2d(8, 1, 3, padding=1)
        self._weight_init()

    def _weight_init(self):
        for layer in self.children():
            if hasattr(layer, "weight"):
                nn.init.kaiming_uniform_(layer.weight)
            if hasattr(layer, "bias") and layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, z):
        lrelu = lambda t: torch.where(t >= 0, t, 0.2 * t)
        x = lrelu(self.lin(z)).view(-1, 32, 7, 7)
        x = x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        x = torch.max(self.c1(x), 0.2 * self.c1(x)) if False else lrelu(self.c1(x))
        n, c, h, w = x.shape
        x = x[:, :, :, None, :, None].expand(n, c, h, 2, w, 2).reshape(n, c, 2 * h, 2 * w)
        x = self.c2(x)
        x = torch.maximum(x, 0.2 * x)
        return 1 / (1 + torch.exp(-self.c3(x)))


class GAN:
    def __init__(self, zdim=64):
        torch.manual_seed(2)
        self._dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._zdim = zdim
        self.disc = DNet().to(self._dev)
        self.gen = GNet(zdim).to(self._dev)

    def _get_loss_d(self, batch_size, batch_data, z):
        real, fake = self.disc(batch_data), self.disc(self.gen(z).detach())
        zero = torch.zeros_like(real)
        total = 0.0
        for i in range(batch_size):
            total = total + torch.logaddexp(-real[i], zero[i]) + torch.logaddexp(fake[i], zero[i])
        return (total / batch_size).squeeze()

    def _get_loss_g(self, batch_size, z):
        logits = self.disc(self.gen(z))
        return torch.logaddexp(-logits, torch.zeros_like(logits)).sum() / batch_size

    def train(
        self,
        iter_d: int = 1,
        iter_g: int = 1,
        n_epochs: int = 100,
        batch_size: int = 256,
        lr: float = 0.0002,
    ) -> None:
        """Train both networks with Adam, iter_d and iter_g steps a batch; the images answer Question 4.6.

        Writes `goal.pdf`, one digit of the data, and every tenth epoch `test_<epoch>.png`, a grid of 64
        images by the generator as it is when that epoch begins.
        Raises ValueError if the data set is smaller than one batch.
        """
        name = "train-images-idx3-ubyte.gz"
        download(BASE_URL + name, name)
        to_unit_range = transforms.Compose([transforms.Normalize((0.0,), (255.0,))])
        digits = GANDataset("./data/" + name, self._dev, transform=to_unit_range)
        if len(digits) < batch_size:
            raise ValueError(f"{len(digits)} digits do not fill a batch of {batch_size}: use a smaller one.")
        loader = DataLoader(digits, batch_size=batch_size, shuffle=True, drop_last=True)

        optimizer_d = optim.Adam(self.disc.parameters(), lr=lr, weight_decay=0)
        optimizer_g = optim.Adam(self.gen.parameters(), lr=lr, weight_decay=0)

        figure, axes = plt.subplots()
        axes.imshow(digits[0][0].cpu().numpy(), cmap="gray")
        figure.savefig("goal.pdf")
        plt.close(figure)

        for epoch in range(n_epochs):
            if epoch % 10 == 0:
                with torch.no_grad():
                    images = self.gen(self._draw_z(64)).cpu()
                save_image(images, f"test_{epoch}.png", nrow=8, normalize=True)

            for batch in tqdm(loader, desc=f"epoch {epoch}", leave=False):
                z = self._draw_z(batch_size)
                for _ in range(iter_d):
                    optimizer_d.zero_grad()
                    loss_d = self._get_loss_d(batch_size, batch, z)
                    loss_d.backward()
                    optimizer_d.step()
                for _ in range(iter_g):
                    optimizer_g.zero_grad()
                    loss_g = self._get_loss_g(batch_size, z)
                    loss_g.backward()
                    optimizer_g.step()
            print(f"epoch {epoch}: loss of D {loss_d.item():.4f}, loss of G {loss_g.item():.4f}")

    def _draw_z(self, n: int) -> Tensor:
        """Return n latents `(n, zdim)`, uniform on [-1, 1)."""
        return 2 * torch.rand(n, self._zdim, device=self._dev) - 1


if __name__ == "__main__":
    GAN().train()
