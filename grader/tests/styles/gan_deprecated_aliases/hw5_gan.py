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

from torch.autograd import Variable
import warnings
warnings.filterwarnings("ignore")


class DNet(nn.Module):
    def __init__(self):
        super(DNet, self).__init__()
        self.features = nn.Sequential()
        self.features.add_module("conv1", nn.Conv2d(1, 2, 3, 1, 1))
        self.features.add_module("relu1", nn.ReLU(True))
        self.features.add_module("pool1", nn.MaxPool2d(2))
        self.features.add_module("conv2", nn.Conv2d(2, 4, 3, 1, 1))
        self.features.add_module("relu2", nn.ReLU(True))
        self.features.add_module("pool2", nn.MaxPool2d(2))
        self.features.add_module("conv3", nn.Conv2d(4, 8, 3, 1, 0))
        self.features.add_module("relu3", nn.ReLU(True))
        self.classifier = nn.Linear(200, 1)
        self._weight_init()

    def _weight_init(self):
        for m in self.modules():
            classname = m.__class__.__name__
            if classname.find("Conv") != -1 or classname.find("Linear") != -1:
                nn.init.kaiming_uniform(m.weight.data)
                nn.init.constant(m.bias.data, 0)

    def forward(self, x):
        x = self.features(x)
        return self.classifier(x.view(x.size()[0], -1))


class GNet(nn.Module):
    def __init__(self, zdim):
        super(GNet, self).__init__()
        self.linear = nn.Linear(zdim, 1568)
        self.conv1 = nn.Conv2d(32, 16, 3, 1, 1)
        self.conv2 = nn.Conv2d(16, 8, 3, 1, 1)
        self.conv3 = nn.Conv2d(8, 1, 3, 1, 1)
        self._weight_init()

    def _weight_init(self):
        for m in self._modules.values():
            nn.init.kaiming_uniform(m.weight.data)
            m.bias = nn.Parameter(torch.zeros_like(m.bias))

    def forward(self, z):
        x = F.leaky_relu(self.linear(z), 0.2).view(-1, 32, 7, 7)
        x = F.leaky_relu(self.conv1(F.upsample(x, scale_factor=2)), 0.2)
        x = F.leaky_relu(self.conv2(F.upsample_nearest(x, scale_factor=2)), 0.2)
        return F.sigmoid(self.conv3(x))


class GAN:
    def __init__(self, zdim=64):
        torch.manual_seed(2)
        self._dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._zdim = zdim
        self.disc = DNet().to(self._dev)
        self.gen = GNet(zdim).to(self._dev)

    def _get_loss_d(self, batch_size, batch_data, z):
        criterion = nn.BCEWithLogitsLoss()
        real_label = Variable(torch.FloatTensor(batch_size, 1).fill_(1)).to(self._dev)
        fake_label = Variable(torch.FloatTensor(batch_size, 1).fill_(0)).to(self._dev)
        return criterion(self.disc(Variable(batch_data)), real_label) + criterion(self.disc(self.gen(z).detach()), fake_label)

    def _get_loss_g(self, batch_size, z):
        return nn.BCEWithLogitsLoss()(self.disc(self.gen(Variable(z))), Variable(torch.ones(batch_size, 1)).to(self._dev))

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
