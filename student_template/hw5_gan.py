"""Problem 4: a generative adversarial network that learns to draw MNIST digits.

The discriminator is Table 1 of the handout, the generator Table 2, and the two losses come from Eq. 1.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import torch
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
    say_what_was_written,
    show_figures,
)

N_EPOCHS = 30


class DNet(nn.Module):
    """The discriminator of Table 1: from digits to logits, before any sigmoid (Questions 4.1 and 4.3)."""

    def __init__(self) -> None:
        """Define the layers of Table 1 in the table's order and initialise them."""
        super().__init__()
        # Question 4.1: replace this statement by your solution.
        raise NotImplementedError(
            "4.1 is not implemented yet: define the layers of Table 1, in the table's order"
        )
        self._weight_init()

    def _weight_init(self) -> None:
        """Set every weight by kaiming_uniform and every bias to 0 (Question 4.3)."""
        # Question 4.3: replace this statement by your solution.
        raise NotImplementedError(
            "4.3 is not implemented yet: initialise the discriminator's weights and biases"
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits `(N, 1)` of the digits x `(N, 1, 28, 28)`, whose values lie in [0, 1]."""
        # Question 4.1: replace this statement by your solution.
        raise NotImplementedError("4.1 is not implemented yet: run the layers of Table 1")


class GNet(nn.Module):
    """The generator of Table 2: from latent vectors to digits (Questions 4.2 and 4.3)."""

    def __init__(self, zdim: int) -> None:
        """Define the layers of Table 2 in the table's order, for latents `(N, zdim)`, and initialise them."""
        super().__init__()
        # Question 4.2: replace this statement by your solution.
        raise NotImplementedError(
            "4.2 is not implemented yet: define the layers of Table 2, in the table's order"
        )
        self._weight_init()

    def _weight_init(self) -> None:
        """Set every weight by kaiming_uniform and every bias to 0 (Question 4.3)."""
        # Question 4.3: replace this statement by your solution.
        raise NotImplementedError("4.3 is not implemented yet: initialise the generator's weights and biases")

    def forward(self, z: Tensor) -> Tensor:
        """Return the images `(N, 1, 28, 28)`, with values in [0, 1], of the latents z `(N, zdim)`."""
        # Question 4.2: replace this statement by your solution.
        raise NotImplementedError("4.2 is not implemented yet: run the layers of Table 2")


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
        # Question 4.4: replace this statement by your solution.
        raise NotImplementedError("4.4 is not implemented yet: compute the discriminator's loss")

    def _get_loss_g(self, batch_size: int, z: Tensor) -> Tensor:
        """Return the generator's loss, the mean of -log D(G(z)) over z `(batch_size, zdim)` (Question 4.5).

        This is the non-saturating form: unlike log(1 - D(G(z))) of Eq. 1 its gradient does not vanish when
        the discriminator is sure that the images are generated (Question 1.3).
        """
        # Question 4.5: replace this statement by your solution.
        raise NotImplementedError("4.5 is not implemented yet: compute the generator's loss")

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
        grids = (f"test_{epoch}.png" for epoch in dict.fromkeys([*range(0, checkpoint.done, 10), checkpoint.done]))
        say_what_was_written(self._out, "goal.pdf", *grids, "samples.npz", checkpoint.path.name)
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
