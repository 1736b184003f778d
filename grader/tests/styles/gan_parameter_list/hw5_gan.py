"""Problem 4: a generative adversarial network that learns to draw MNIST digits.

The discriminator is Table 1 of the handout, the generator Table 2, and the two losses come from Eq. 1.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import Tensor, nn, optim
from torch.utils.data import BatchSampler, DataLoader, RandomSampler
from torchvision import transforms
from torchvision.utils import save_image
from tqdm import tqdm

from hw5_utils import (
    Checkpoint,
    GANDataset,
    Options,
    add_to_samples,
    find_digits,
    finish_figure,
    read_options,
    show_figures,
)

N_EPOCHS = 30


class DNet(nn.Module):
    """The discriminator of Table 1, with its numbers in a list."""

    def __init__(self) -> None:
        super().__init__()
        shapes = [(2, 1, 3, 3), (2,), (4, 2, 3, 3), (4,), (8, 4, 3, 3), (8,), (1, 200), (1,)]
        self.numbers = nn.ParameterList([torch.empty(shape) for shape in shapes])
        self._weight_init()

    def _weight_init(self) -> None:
        for weight, bias in zip(self.numbers[::2], self.numbers[1::2]):
            nn.init.kaiming_uniform_(weight)
            nn.init.zeros_(bias)

    def forward(self, x: Tensor) -> Tensor:
        w1, b1, w2, b2, w3, b3, w4, b4 = self.numbers
        x = F.max_pool2d(F.relu(F.conv2d(x, w1, b1, padding=1)), 2)
        x = F.max_pool2d(F.relu(F.conv2d(x, w2, b2, padding=1)), 2)
        return F.linear(F.relu(F.conv2d(x, w3, b3)).flatten(1), w4, b4)


class GNet(nn.Module):
    """The generator of Table 2, with its numbers in a dictionary."""

    def __init__(self, zdim: int) -> None:
        super().__init__()
        shapes = {"a": (1568, zdim), "c": (16, 32, 3, 3), "e": (8, 16, 3, 3), "g": (1, 8, 3, 3)}
        self.numbers = nn.ParameterDict()
        for name, shape in shapes.items():
            self.numbers[name] = nn.Parameter(torch.empty(shape))
            self.numbers[chr(ord(name) + 1)] = nn.Parameter(torch.empty(shape[0]))
        self._weight_init()

    def _weight_init(self) -> None:
        for one in self.numbers.values():
            if one.ndim > 1:
                nn.init.kaiming_uniform_(one)
            else:
                nn.init.zeros_(one)

    def forward(self, z: Tensor) -> Tensor:
        n = self.numbers
        x = F.leaky_relu(F.linear(z, n["a"], n["b"]), 0.2).view(-1, 32, 7, 7)
        x = F.leaky_relu(F.conv2d(F.interpolate(x, scale_factor=2), n["c"], n["d"], padding=1), 0.2)
        x = F.leaky_relu(F.conv2d(F.interpolate(x, scale_factor=2), n["e"], n["f"], padding=1), 0.2)
        return torch.sigmoid(F.conv2d(x, n["g"], n["h"], padding=1))


class GAN:
    """A discriminator and a generator trained against each other by Eq. 1 (Questions 4.4 to 4.6)."""

    def __init__(self, zdim: int = 64) -> None:
        """Build both networks, for latents of length zdim, on the GPU if there is one."""
        torch.manual_seed(2)
        self._dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self._zdim = zdim
        self.disc = DNet().to(self._dev)
        self.gen = GNet(zdim).to(self._dev)
        self._out = Path()
        self._resume = False

    def configure(self, options: Options) -> None:
        """Take what the command line asks for: the device, the folder, a seed for new weights, whether to go on."""
        self._dev, self._out, self._resume = options.device, options.out, options.resume
        if options.seed is not None:
            torch.manual_seed(options.seed)
            self.disc._weight_init()
            self.gen._weight_init()
        self.disc.to(self._dev)
        self.gen.to(self._dev)

    def _get_loss_d(self, batch_size: int, batch_data: Tensor, z: Tensor) -> Tensor:
        """Return the discriminator's loss, a scalar (Question 4.4).

        batch_data `(batch_size, 1, 28, 28)` holds digits of the data set, which should be called real (1);
        z `(batch_size, zdim)` holds the latents of generated ones, which should be called fake (0).
        """
        # BEGIN SOLUTION 4.4: compute the discriminator's loss
        bce = nn.BCEWithLogitsLoss()
        ones = torch.ones(batch_size, 1, device=self._dev)
        real_loss = bce(self.disc(batch_data), ones)
        # This loss moves only the discriminator, so no gradient has to reach the generator.
        fake_loss = bce(self.disc(self.gen(z).detach()), torch.zeros_like(ones))
        return real_loss + fake_loss
        # END SOLUTION

    def _get_loss_g(self, batch_size: int, z: Tensor) -> Tensor:
        """Return the generator's loss, the mean of -log D(G(z)) over z `(batch_size, zdim)` (Question 4.5).

        This is the non-saturating form: unlike log(1 - D(G(z))) of Eq. 1 its gradient does not vanish when
        the discriminator is sure that the images are generated (Question 1.3).
        """
        # BEGIN SOLUTION 4.5: compute the generator's loss
        ones = torch.ones(batch_size, 1, device=self._dev)
        return nn.BCEWithLogitsLoss()(self.disc(self.gen(z)), ones)
        # END SOLUTION

    def train(
        self,
        iter_d: int = 1,
        iter_g: int = 1,
        n_epochs: int = 100,
        batch_size: int = 256,
        lr: float = 0.0002,
    ) -> None:
        """Train both networks with Adam, iter_d and iter_g steps a batch; the images answer Question 4.6.

        Writes `goal.pdf`, one digit of the data; before every tenth epoch and after the last one
        `test_<epochs done>.png`, a grid of 64 generated images; and the last ones as `digits` in `samples.npz`.
        Raises ValueError if the data set is smaller than one batch.
        """
        to_unit_range = transforms.Compose([transforms.Normalize((0.0,), (255.0,))])
        digits = GANDataset(find_digits(), self._dev, transform=to_unit_range)
        if len(digits) < batch_size:
            raise ValueError(f"{len(digits)} digits do not fill a batch of {batch_size}: use a smaller one.")
        # batch_size=None, with a sampler of batches: one index fetches a whole batch, digit by digit takes far longer.
        batches = BatchSampler(RandomSampler(digits), batch_size, drop_last=True)
        loader = DataLoader(digits, sampler=batches, batch_size=None)

        # With the channels last in memory a CPU convolves many channels faster; shapes and values stay the same.
        self.gen.to(memory_format=torch.channels_last)
        optimizer_d = optim.Adam(self.disc.parameters(), lr=lr, weight_decay=0)
        optimizer_g = optim.Adam(self.gen.parameters(), lr=lr, weight_decay=0)

        plt.imshow(digits[0][0].cpu().numpy(), cmap="gray")
        finish_figure(self._out / "goal.pdf")

        parts = {"disc": self.disc, "gen": self.gen, "optimizer_d": optimizer_d, "optimizer_g": optimizer_g}
        with (
            Checkpoint(self._out / "gan-training.ckpt", every=5, resume=self._resume, **parts) as checkpoint,
            tqdm(total=n_epochs * len(loader), initial=checkpoint.done * len(loader), disable=None) as bar,
        ):
            for epoch in checkpoint.remaining(n_epochs):
                if epoch % 10 == 0:
                    self._save_grid(epoch)
                for batch in loader:
                    z = self._draw_z(batch_size)
                    for _ in range(iter_d):
                        optimizer_d.zero_grad()
                        loss_d = self._get_loss_d(batch_size, batch, z)
                        loss_d.backward()
                        optimizer_d.step()
                    for _ in range(iter_g):
                        optimizer_g.zero_grad()
                        loss_g = self._get_loss_g(batch_size, z)
                        # Only the generator steps: the discriminator's gradients need not be computed.
                        loss_g.backward(inputs=list(self.gen.parameters()))
                        optimizer_g.step()
                    bar.update()
                bar.write(f"epoch {epoch}: loss of D {loss_d.item():.4f}, loss of G {loss_g.item():.4f}")
        images = self._save_grid(checkpoint.done)
        add_to_samples(self._out / "samples.npz", digits=(255 * images[:, 0]).byte().numpy())
        show_figures()

    def _save_grid(self, epoch: int) -> Tensor:
        """Write the grid of this epoch and return its images `(64, 1, 28, 28)`."""
        with torch.no_grad():
            images = self.gen(self._draw_z(64)).cpu()
        save_image(images, self._out / f"test_{epoch}.png", nrow=8, normalize=True)
        return images

    def _draw_z(self, n: int) -> Tensor:
        """Return n latents `(n, zdim)`, uniform on [-1, 1)."""
        return 2 * torch.rand(n, self._zdim, device=self._dev) - 1


if __name__ == "__main__":
    options = read_options("Train the GAN on MNIST and draw digits for Question 4.6.", N_EPOCHS)
    gan = GAN()
    gan.configure(options)
    gan.train(n_epochs=options.epochs or N_EPOCHS)
