"""The handout's tables and constants as data (Problems 4 and 5)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TableRow:
    """One row of Table 1 or 2: what runs, with its settings; None where the table has a dash."""

    operation: str
    channels: int
    kernel: int | None = None
    stride: int | None = None
    padding: int | None = None
    slope: float | None = None
    scale: int | None = None

    def __str__(self) -> str:
        settings = {
            "kernel": self.kernel,
            "stride": self.stride,
            "padding": self.padding,
            "slope": self.slope,
            "scale": self.scale,
        }
        given = [f"{name} {value:g}" for name, value in settings.items() if value is not None]
        if self.operation in ("conv2d", "linear"):
            given.append(f"{self.channels} output channels")
        return f"{self.operation}({', '.join(given)})" if given else self.operation


TABLE_1 = (
    TableRow("conv2d", 2, kernel=3, stride=1, padding=1),
    TableRow("relu", 2),
    TableRow("max_pool2d", 2, kernel=2, stride=2, padding=0),
    TableRow("conv2d", 4, kernel=3, stride=1, padding=1),
    TableRow("relu", 4),
    TableRow("max_pool2d", 4, kernel=2, stride=2, padding=0),
    TableRow("conv2d", 8, kernel=3, stride=1, padding=0),
    TableRow("relu", 8),
    TableRow("linear", 1),
)

TABLE_2 = (
    TableRow("linear", 1568),
    TableRow("leaky_relu", 1568, slope=0.2),
    TableRow("upsample", 32, scale=2),
    TableRow("conv2d", 16, kernel=3, stride=1, padding=1),
    TableRow("leaky_relu", 16, slope=0.2),
    TableRow("upsample", 16, scale=2),
    TableRow("conv2d", 8, kernel=3, stride=1, padding=1),
    TableRow("leaky_relu", 8, slope=0.2),
    TableRow("conv2d", 1, kernel=3, stride=1, padding=1),
    TableRow("sigmoid", 1),
)

DNET_SHAPES = ((2, 1, 3, 3), (2,), (4, 2, 3, 3), (4,), (8, 4, 3, 3), (8,), (1, 200), (1,))
"""Weights and biases of Table 1 in definition order; 593 scalars."""


def gnet_shapes(zdim: int) -> tuple[tuple[int, ...], ...]:
    """Weights and biases of Table 2 in definition order; 107,777 scalars at zdim 64."""
    return ((1568, zdim), (1568,), (16, 32, 3, 3), (16,), (8, 16, 3, 3), (8,), (1, 8, 3, 3), (1,))


def scorenet_parameter_count(n_layers: int, latent_dim: int) -> int:
    """Scalars of a ScoreNet: 3 -> latent, latent -> latent, latent -> 2, all with bias (99,842 by default)."""
    hidden = (n_layers - 2) * (latent_dim**2 + latent_dim)
    return 4 * latent_dim + hidden + 2 * latent_dim + 2


SCORENET_LAYERS = 8
SCORENET_LATENT_DIM = 128
