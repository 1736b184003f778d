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
    # 判别器 — Tabelle 1, «discriminateur»
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 2, 3, 1, 1)
        self.conv2 = nn.Conv2d(2, 4, 3, 1, 1)
        self.conv3 = nn.Conv2d(4, 8, 3, 1, 0)
        self.fc = nn.Linear(200, 1)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2, 2)
        self._weight_init()

    def _weight_init(self):
        for layer in self.children():
            if hasattr(layer, "weight"):
                nn.init.kaiming_uniform_(layer.weight)
            if hasattr(layer, "bias") and layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = self.pool(self.relu(self.conv1(x)))
        x = self.pool(self.relu(self.conv2(x)))
        x = self.relu(self.conv3(x))
        x = x.contiguous().view(-1, 200)
        return self.fc(x)


class GNet(nn.Module):
    def __init__(self, zdim):
        super().__init__()
        self.fc = nn.Linear(zdim, 1568)
        self.conv1 = nn.Conv2d(32, 16, 3, 1, 1)
        self.conv2 = nn.Conv2d(16, 8, 3, 1, 1)
        self.conv3 = nn.Conv2d(8, 1, 3, 1, 1)
        self.lrelu = nn.LeakyReLU(negative_slope=.2)
        self.up = nn.Upsample(scale_factor=2)
        self._weight_init()

    def _weight_init(self):
        for layer in self.children():
            if hasattr(layer, "weight"):
                nn.init.kaiming_uniform_(layer.weight)
            if hasattr(layer, "bias") and layer.bias is not None:
                nn.init.zeros_(layer.bias)

    def forward(self, z):
        x = self.lrelu(self.fc(z))
        x = x.view((z.shape[0], 32, 7, 7))
        x = self.lrelu(self.conv1(self.up(x)))
        x = self.lrelu(self.conv2(self.up(x)))
        return torch.sigmoid(self.conv3(x))


class GAN:
    def __init__(self, zdim=64):
        torch.manual_seed(2)
        self._dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._zdim = zdim
        self.disc = DNet().to(self._dev)
        self.gen = GNet(zdim).to(self._dev)
        # the networks are what they should be
        assert isinstance(self.disc, DNet) and isinstance(self.gen, GNet)
        assert self.disc(torch.zeros(2, 1, 28, 28, device=self._dev)).shape == (2, 1)
        assert self.gen(torch.zeros(2, zdim, device=self._dev)).shape == (2, 1, 28, 28)
        self.scripted = torch.jit.trace(self.gen, torch.zeros(2, zdim, device=self._dev))
        self.networks = [self.disc, self.gen]
        self.D, self.G = self.disc, self.gen
        self.criterion = nn.BCEWithLogitsLoss()

    def _get_loss_d(self, batch_size, batch_data, z):
        real, fake = self.D(batch_data), self.D(self.G(z).detach())
        return self.criterion(real, torch.ones_like(real)) + self.criterion(fake, torch.zeros_like(fake))

    def _get_loss_g(self, batch_size, z):
        fake = self.D(self.G(z))
        return self.criterion(fake, torch.ones_like(fake))

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
