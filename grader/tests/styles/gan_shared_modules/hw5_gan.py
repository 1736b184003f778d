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
        self.conv_a = nn.Conv2d(1, 2, 3, padding=1)
        self.act = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(2)
        self.conv_b = nn.Conv2d(2, 4, 3, padding=1)
        self.conv_c = nn.Conv2d(4, 8, 3)
        self.out = nn.Linear(8 * 5 * 5, 1)
        self._weight_init()

    def _weight_init(self):
        for layer in self.children():
            if hasattr(layer, "weight"):
                nn.init.kaiming_uniform_(layer.weight)
            if hasattr(layer, "bias") and layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        for conv in (self.conv_a, self.conv_b):
            x = self.pool(self.act(conv(x)))
        return self.out(self.act(self.conv_c(x)).view(x.size(0), -1))


class GNet(nn.Module):
    def __init__(self, zdim):
        super().__init__()
        self.inp = nn.Linear(zdim, 32 * 49)
        self.act = nn.LeakyReLU(0.2, inplace=True)
        self.up = nn.UpsamplingNearest2d(scale_factor=2)
        self.conv_a = nn.Conv2d(32, 16, 3, padding=1)
        self.conv_b = nn.Conv2d(16, 8, 3, padding=1)
        self.conv_c = nn.Conv2d(8, 1, 3, padding=1)
        self._weight_init()

    def _weight_init(self):
        for layer in self.children():
            if hasattr(layer, "weight"):
                nn.init.kaiming_uniform_(layer.weight)
            if hasattr(layer, "bias") and layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, z):
        x = self.act(self.inp(z)).view(-1, 32, 7, 7)
        x = self.act(self.conv_a(self.up(x)))
        x = self.act(self.conv_b(self.up(x)))
        return torch.sigmoid_(self.conv_c(x))


class GAN:
    def __init__(self, zdim=64):
        torch.manual_seed(2)
        self._dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._zdim = zdim
        self.disc = DNet().to(self._dev)
        self.gen = GNet(zdim).to(self._dev)

    def _get_loss_d(self, batch_size, batch_data, z):
        bce = nn.BCELoss()
        p_real = torch.sigmoid(self.disc(batch_data)).view(-1)
        p_fake = torch.sigmoid(self.disc(self.gen(z))).view(-1)
        loss = bce(p_real, torch.ones(batch_size, device=self._dev))
        loss += bce(p_fake, torch.zeros(batch_size, device=self._dev))
        return loss / 2

    def _get_loss_g(self, batch_size, z):
        p = self.disc(self.gen(z)).sigmoid()
        return nn.BCELoss()(p, torch.full_like(p, 1.0))

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
