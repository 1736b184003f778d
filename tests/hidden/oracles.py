"""The networks of the handout in closed form, in numpy float64, with a bound on what float32 may deviate from them.

`weights` are weight, bias, weight, bias, ... in the order of execution.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

ROUNDING = 2.0**-24
"""Half a unit in the last place of float32: the relative error of one rounded operation."""

Weights = Sequence[np.ndarray]


def random_weights(shapes: Sequence[Sequence[int]], rng: np.random.Generator) -> list[np.ndarray]:
    """Float32 weights and biases of these shapes that keep activations near 1."""
    fan_in = [int(np.prod(shape[1:])) if len(shape) > 1 else 4 for shape in shapes]
    return [
        (rng.standard_normal(tuple(shape)) / np.sqrt(fan)).astype(np.float32)
        for shape, fan in zip(shapes, fan_in, strict=True)
    ]


def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """x `(N, in)` times the transposed weight `(out, in)`, plus bias `(out,)`."""
    return x @ weight.T + bias


def conv2d(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, padding: int) -> np.ndarray:
    """Cross-correlation of x `(N, in, H, W)` with weight `(out, in, k, k)`, zero padding, stride 1."""
    n, channels, height, width = x.shape
    size = weight.shape[-1]
    padded = np.zeros((n, channels, height + 2 * padding, width + 2 * padding))
    padded[:, :, padding : padding + height, padding : padding + width] = x
    windows = sliding_window_view(padded, (size, size), axis=(2, 3))  # (n, in, height, width, k, k) of the output
    height, width = windows.shape[2:4]
    # One product for each image: many small ones take several times as long.
    columns = windows.transpose(0, 1, 4, 5, 2, 3).reshape(n, channels * size**2, height * width)
    total = weight.reshape(len(weight), -1) @ columns
    return total.reshape(n, len(weight), height, width) + bias[:, None, None]


def max_pool(x: np.ndarray) -> np.ndarray:
    """The largest value of each 2 x 2 square."""
    n, channels, height, width = x.shape
    return x.reshape(n, channels, height // 2, 2, width // 2, 2).max(axis=(3, 5))


def upsample(x: np.ndarray) -> np.ndarray:
    """Each value as a 2 x 2 square."""
    return x.repeat(2, axis=2).repeat(2, axis=3)


def leaky_relu(x: np.ndarray) -> np.ndarray:
    """x where it is positive, x / 5 elsewhere."""
    return np.where(x >= 0, x, 0.2 * x)


def dnet(weights: Weights, x: np.ndarray) -> np.ndarray:
    """Table 1: logits `(N, 1)` of images `(N, 1, 28, 28)`."""
    w = _float64(weights)
    x = max_pool(np.maximum(conv2d(x.astype(np.float64), w[0], w[1], padding=1), 0))
    x = max_pool(np.maximum(conv2d(x, w[2], w[3], padding=1), 0))
    x = np.maximum(conv2d(x, w[4], w[5], padding=0), 0)
    return linear(x.reshape(len(x), -1), w[6], w[7])


def gnet_before_sigmoid(weights: Weights, z: np.ndarray) -> np.ndarray:
    """Table 2 up to row 9: `(N, 1, 28, 28)` from latents `(N, zdim)`."""
    w = _float64(weights)
    x = leaky_relu(linear(z.astype(np.float64), w[0], w[1])).reshape(len(z), 32, 7, 7)
    x = leaky_relu(conv2d(upsample(x), w[2], w[3], padding=1))
    x = leaky_relu(conv2d(upsample(x), w[4], w[5], padding=1))
    return conv2d(x, w[6], w[7], padding=1)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + exp(-x)) without overflow."""
    return np.exp(-np.logaddexp(0, -x))


def layers(weights: Weights) -> Callable[[np.ndarray], np.ndarray]:
    """Question 5.1: linear layers with Softplus between, as a function of inputs `(N, 3)`."""
    w = _float64(weights)

    def network(inputs: np.ndarray) -> np.ndarray:
        hidden = inputs.astype(np.float64)
        for k in range(0, len(w) - 2, 2):
            hidden = np.logaddexp(0, linear(hidden, w[k], w[k + 1]))
        return linear(hidden, w[-2], w[-1])

    return network


def float32_error(network: Callable[[Weights, np.ndarray], np.ndarray], weights: Weights, x: np.ndarray) -> np.ndarray:
    """How far a float32 pass of a network of ReLUs and the like may be from its closed form, elementwise.

    A sum of K products is off by at most (K + 2) roundings of the sum of their absolute values (Higham, Accuracy and
    Stability, section 3.1); with absolute weights and inputs the network carries these bounds to its output, since no
    activation of it enlarges a difference. 4 more roundings a layer are for bias and activation.
    """
    terms = sum(int(np.prod(weight.shape[1:])) + 6 for weight in weights[::2])
    magnitude = network([np.abs(weight) for weight in weights], np.abs(x))
    return terms * ROUNDING * magnitude


def _float64(weights: Weights) -> list[np.ndarray]:
    return [weight.astype(np.float64) for weight in weights]
