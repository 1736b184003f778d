import struct
import matplotlib.pyplot as plt
import numpy as np
from tqdm import tqdm

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader
from torchvision import transforms
from torchvision.utils import save_image

from hw3_utils import BASE_URL, download, GANDataset


class DNet(nn.Module):
    """This is discriminator network."""

    def __init__(self):
        super(DNet, self).__init__()
        self.conv1 = nn.Conv2d(1, 2, 3, 1, 1)
        self.conv2 = nn.Conv2d(2, 4, 3, 1, 1)
        self.conv3 = nn.Conv2d(4, 8, 3, 1, 0)
        self.lin = nn.Linear(200, 1)
        self._weight_init()

    def _weight_init(self):
        for m in self.children():
            if type(m) == nn.Conv2d or type(m) == nn.Linear:
                torch.nn.init.kaiming_uniform_(m.weight.data)
                m.bias.data.fill_(0)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2, 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = F.relu(self.conv3(x))
        x = x.view(x.size(0), -1)
        return self.lin(x)


class GNet(nn.Module):
    def __init__(self, zdim):
        super(GNet, self).__init__()
        self.lin = nn.Linear(zdim, 1568)
        self.relu = nn.LeakyReLU(negative_slope=0.2, inplace=True)
        self.up = nn.UpsamplingNearest2d(scale_factor=2)
        self.conv1 = nn.Conv2d(32, 16, 3, 1, 1)
        self.conv2 = nn.Conv2d(16, 8, 3, 1, 1)
        self.conv3 = nn.Conv2d(8, 1, 3, 1, 1)
        self.out = nn.Sigmoid()
        self._weight_init()

    def _weight_init(self):
        def f(m):
            if hasattr(m, 'weight'):
                nn.init.kaiming_uniform_(m.weight, nonlinearity='leaky_relu', a=0.2)
            if hasattr(m, 'bias') and m.bias is not None:
                nn.init.zeros_(m.bias)
        self.apply(f)

    def forward(self, z):
        x = self.relu(self.lin(z))
        x = torch.reshape(x, (-1, 32, 7, 7))
        x = self.up(x)
        x = self.relu(self.conv1(x))
        x = self.up(x)
        x = self.relu(self.conv2(x))
        return self.out(self.conv3(x))


class GAN:
    def __init__(self, zdim=64):
        torch.manual_seed(2)
        self._dev = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
        self._zdim = zdim
        self.disc = DNet().to(self._dev)
        self.gen = GNet(self._zdim).to(self._dev)
        self.loss = nn.BCEWithLogitsLoss()

    def _get_loss_d(self, batch_size, batch_data, z):
        real = self.disc(batch_data)
        fake = self.disc(self.gen(z))
        l1 = self.loss(real, torch.ones_like(real))
        l2 = self.loss(fake, torch.zeros_like(fake))
        return (l1 + l2) / 2

    def _get_loss_g(self, batch_size, z):
        out = self.disc(self.gen(z))
        return -F.logsigmoid(out).mean()

    def train(self, iter_d=1, iter_g=1, n_epochs=100, batch_size=256, lr=0.0002):
        f_name = "train-images-idx3-ubyte.gz"
        download(BASE_URL + f_name, f_name)
        print("Processing dataset ...")
        train_data = GANDataset(f"./data/{f_name}", self._dev,
                                transform=transforms.Compose([transforms.Normalize((0.0,), (255.0,))]))
        print(f"... done. Total {len(train_data)} data entries.")
        train_loader = DataLoader(train_data, batch_size=batch_size, shuffle=True, num_workers=0, drop_last=True)
        dopt = optim.Adam(self.disc.parameters(), lr=lr, weight_decay=0.0)
        dopt.zero_grad()
        gopt = optim.Adam(self.gen.parameters(), lr=lr, weight_decay=0.0)
        gopt.zero_grad()
        for epoch in tqdm(range(n_epochs)):
            for batch_idx, data in tqdm(enumerate(train_loader), total=len(train_loader)):
                z = 2 * torch.rand(data.size()[0], self._zdim, device=self._dev) - 1
                if batch_idx == 0 and epoch == 0:
                    plt.imshow(data[0, 0, :, :].detach().cpu().numpy())
                    plt.savefig("goal.pdf")
                if batch_idx % iter_d == 0:
                    dopt.zero_grad()
                    loss_d = self._get_loss_d(batch_size, data, z)
                    loss_d.backward()
                    dopt.step()
                if batch_idx % iter_g == 0:
                    gopt.zero_grad()
                    loss_g = self._get_loss_g(batch_size, z)
                    loss_g.backward()
                    gopt.step()
            print(f"E: {epoch}; DLoss: {loss_d.item()}; GLoss: {loss_g.item()}")
            if epoch % 10 == 0:
                gen_imgs = self.gen(z)
                gen_imgs = gen_imgs[:64]
                save_image(gen_imgs.data, f"test_{epoch}.png", nrow=8, normalize=True)


if __name__ == "__main__":
    gan = GAN()
    gan.train()
