import torch
from torch import nn
import torch.nn.functional as F
from torchvision.utils import save_image
from torchvision import transforms
from tqdm import trange
import matplotlib.pyplot as plt
import hw5_utils
from hw5_utils import *

class DNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.model = nn.Sequential(
            nn.Conv2d(1, 2, kernel_size=(3, 3), padding='same'), nn.ReLU(True), nn.MaxPool2d(2),
            nn.Conv2d(2, 4, kernel_size=(3, 3), padding=(1, 1)), nn.ReLU(True), nn.MaxPool2d((2, 2), stride=(2, 2)),
            nn.Conv2d(4, 8, kernel_size=(3, 3)), nn.ReLU(True), nn.Flatten(), nn.LazyLinear(1))
        self.model(torch.zeros(1, 1, 28, 28))
        self._weight_init()
    def _weight_init(self):
        for name, p in self.named_parameters():
            if 'bias' in name:
                nn.init.constant_(p, 0.)
            else:
                nn.init.kaiming_uniform_(p, mode='fan_in', nonlinearity='relu')
    def forward(self, x):
        return self.model(x)

class GNet(nn.Module):
    def __init__(self, zdim):
        super().__init__()
        self.fc = nn.Linear(zdim, 1568)
        self.convs = nn.ModuleList([nn.Conv2d(a, b, 3, padding=1) for a, b in ((32, 16), (16, 8), (8, 1))])
        self._weight_init()
    def _weight_init(self):
        for m in self.modules():
            if isinstance(m, (nn.Linear, nn.Conv2d)):
                bound = (6 / m.weight[0].numel()) ** 0.5
                with torch.no_grad():
                    m.weight.uniform_(-bound, bound)
                    m.bias.zero_()
    def forward(self, z):
        h = F.leaky_relu(self.fc(z), 0.2).reshape(z.shape[0], 32, 7, 7)
        h = F.interpolate(h, size=(14, 14))
        h = F.leaky_relu_(self.convs[0](h), 0.2)
        h = F.interpolate(h, scale_factor=(2.0, 2.0), mode='nearest-exact')
        h = F.leaky_relu(self.convs[1](h), negative_slope=.2)
        return torch.sigmoid(self.convs[2](h))

class GAN(nn.Module):
    def __init__(self, zdim=64):
        super().__init__()
        torch.manual_seed(2)
        self._dev = torch.device('cpu')
        self._zdim = zdim
        self.disc = DNet().to(self._dev)
        self.gen = GNet(zdim).to(self._dev)
    def _get_loss_d(self, batch_size, batch_data, z):
        with torch.no_grad():
            fake = self.gen(z)
        both = torch.cat((batch_data, fake))
        p = torch.sigmoid(self.disc(both)).squeeze(1)
        y = torch.cat((torch.ones(batch_size), torch.zeros(batch_size)))
        return nn.BCELoss()(p, y)
    def _get_loss_g(self, batch_size, z):
        p = torch.sigmoid(self.disc(self.gen(z)))
        return F.binary_cross_entropy(p, torch.ones(p.shape))
    def train(self, iter_d=1, iter_g=1, n_epochs=100, batch_size=256, lr=0.0002):
        name = 'train-images-idx3-ubyte.gz'
        download(BASE_URL + name, name)
        data = GANDataset('./data/' + name, self._dev, transform=transforms.Compose([transforms.Normalize((0.0,), (255.0,))]))
        loader = torch.utils.data.DataLoader(data, batch_size=batch_size, shuffle=True, drop_last=True)
        od = torch.optim.Adam(self.disc.parameters(), lr=lr); og = torch.optim.Adam(self.gen.parameters(), lr=lr)
        for epoch in trange(n_epochs):
            for i, x in enumerate(loader):
                z = torch.empty(x.shape[0], self._zdim).uniform_(-1, 1)
                if i == 0 and epoch == 0:
                    fig, ax = plt.subplots(); ax.imshow(x[0, 0]); fig.savefig('goal.pdf'); plt.close()
                od.zero_grad(); ld = self._get_loss_d(batch_size, x, z); ld.backward(); od.step()
                og.zero_grad(); lg = self._get_loss_g(batch_size, z); lg.backward(); og.step()
            print(f'E: {epoch}; DLoss: {ld.item()}; GLoss: {lg.item()}')
            if epoch % 10 == 0:
                with torch.no_grad():
                    save_image(self.gen(torch.rand(64, self._zdim) * 2 - 1), f'test_{epoch}.png', nrow=8, normalize=True)
print(GAN().disc)
