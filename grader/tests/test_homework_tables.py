"""Norms, networks, noise and levels that are recognised are what their names say, by torch or by hand."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.support.homework import denoising, handout, networks, perturbation

LOGITS = np.array([-4.3, -2.4, -0.7, 0.3, 0.6, 1.4, 2.6, 5.2])
STEP = 1e-6

NORMS: dict[str, Callable[[float, float], float]] = {
    "squared": lambda x, y: x**2 + y**2,
    "not squared": math.hypot,
    "absolute values": lambda x, y: abs(x) + abs(y),
    "Huber": lambda x, y: sum(e**2 / 2 if abs(e) < 1 else abs(e) - 0.5 for e in (x, y)),
    "maximum": lambda x, y: max(abs(x), abs(y)) ** 2,
    "square of the sum": lambda x, y: (x + y) ** 2,
    "fourth power": lambda x, y: (x**2 + y**2) ** 2,
    "third power": lambda x, y: math.hypot(x, y) ** 3,
    "first coordinate": lambda x, y: x**2,
    "second coordinate": lambda x, y: y**2,
}


@pytest.mark.parametrize("norm", denoising.DENOISING_NORMS, ids=lambda one: one.name)
def test_a_norm_is_what_its_name_says_and_its_gradient_follows(norm: denoising.Norm):
    errors = np.array([[0.5, -2.0], [-3.0, 0.25], [-0.1, -0.2], [1.5, 1.25]])
    value, gradient = norm.of(errors)
    assert value == pytest.approx([NORMS[norm.name](*one) for one in errors.tolist()])
    for axis in (0, 1):
        step = STEP * np.eye(2)[axis]
        by_differences = (norm.of(errors + step)[0] - norm.of(errors - step)[0]) / (2 * STEP)
        assert gradient[:, axis] == pytest.approx(by_differences, rel=1e-6, abs=1e-6)
    twice = norm.of(2 * errors)[0] == pytest.approx(4 * value)
    assert twice == (norm.quadratic or norm.name == "maximum")
    assert np.isfinite(norm.of(np.zeros((1, 2)))[1]).all()


OUTERS = {"the average": 0.7, "constant added": 0.7, "root": 0.7**0.5, "logarithm": math.log(0.7)}


@pytest.mark.parametrize("outer", denoising.OUTERS, ids=lambda one: one.name)
def test_what_becomes_of_the_average_has_its_two_derivatives(outer: denoising.Outer):
    value, first, second = outer.of(0.7)
    assert value == pytest.approx(OUTERS[outer.name])
    before, after = outer.of(0.7 - STEP), outer.of(0.7 + STEP)
    assert first == pytest.approx((after[0] - before[0]) / (2 * STEP), rel=1e-6)
    assert second == pytest.approx((after[1] - before[1]) / (2 * STEP), rel=1e-6, abs=1e-9)
    assert outer.shifted == (outer.name == "constant added")


ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "Softplus": functional.softplus, "no activation": lambda x: x, "ReLU": torch.relu, "Tanh": torch.tanh,
    "LeakyReLU(0.01)": functional.leaky_relu, "LeakyReLU(0.2)": lambda x: functional.leaky_relu(x, 0.2),
    "Sigmoid": torch.sigmoid, "ELU": functional.elu, "SiLU": functional.silu, "Softsign": functional.softsign,
    "LogSigmoid": functional.logsigmoid, "Softplus, twice": lambda x: functional.softplus(functional.softplus(x)),
    "Softplus(beta=2)": lambda x: functional.softplus(x, beta=2),
}  # fmt: skip


@pytest.mark.parametrize("activation", networks.ACTIVATIONS, ids=lambda one: one.name)
def test_an_activation_is_torch_s(activation: networks.Activation):
    expected = ACTIVATIONS[activation.name](torch.tensor(LOGITS)).numpy()
    assert activation.of(LOGITS) == pytest.approx(expected, abs=1e-12)


def test_the_sizes_of_a_network_are_what_their_names_say():
    assert {one.name: one.of(5, 32) for one in networks.SCORENET_SIZES} == {
        "n_layers layers of width latent_dim": (5, 32),
        "n_layers is not used": (8, 32),
        "latent_dim is not used": (5, 128),
        "the arguments are not used": (8, 128),
        "one layer too many": (6, 32),
        "two layers too many": (7, 32),
        "one layer is missing": (4, 32),
    }
    assert {one.name: one.axes for one in networks.LAYOUTS} == {
        "channels, rows, columns": (0, 1, 2), "rows, columns, channels": (1, 2, 0), "channels, columns, rows": (0, 2, 1)
    }  # fmt: skip


@pytest.mark.parametrize(("n_layers", "width"), [(8, 128), (2, 7), (5, 32)])
def test_the_parameters_are_counted_as_torch_counts_them(n_layers: int, width: int):
    sizes = [3, *[width] * (n_layers - 1), 2]
    layers = [torch.nn.Linear(a, b) for a, b in itertools.pairwise(sizes)]
    counted = sum(one.numel() for layer in layers for one in layer.parameters())
    assert handout.scorenet_parameter_count(n_layers, width) == counted
    assert [math.prod(one) for one in handout.gnet_shapes(3)[:2]] == [1568 * 3, 1568]
    assert sum(math.prod(one) for one in handout.gnet_shapes(64)) == 107_777
    assert sum(math.prod(one) for one in handout.DNET_SHAPES) == 593


def test_what_the_score_network_is_given_and_what_it_gives():
    x, sigma, last = np.array([[3.0, 5.0]]), np.array([[4.0]]), np.array([[8.0, -2.0]])
    assert {one.name: one.of(x, sigma).ravel().tolist() for one in networks.SCORENET_INPUTS} == {
        "(x, sigma)": [3, 5, 4],
        "sigma first": [4, 3, 5],
        "without sigma": [3, 5, 0],
        "log sigma": [3, 5, pytest.approx(math.log(4))],
        "sigma^2": [3, 5, 16],
        "1/sigma": [3, 5, 0.25],
        "x / sigma": [0.75, 1.25, 4],
        "all inputs over sigma": [0.75, 1.25, 1],
    }
    assert {one.name: one.of(last, x, sigma).ravel().tolist() for one in networks.SCORENET_OUTPUTS} == {
        "over sigma": [2, -0.5],
        "not divided by sigma": [8, -2],
        "multiplied by sigma": [32, -8],
        "divided by sigma^2": [0.5, -0.125],
        "divided by the root of sigma": [4, -1],
        "minus": [-2, 0.5],
        "x is added": [2.75, 0.75],
        "x is added at the end": [5, 4.5],
    }


def test_how_x_is_moved():
    x, s = np.array([[5.0]]), np.array([[0.6]])
    found = {one.name: one.of(x, s).item() for one in perturbation.PERTURBATION_CENTRES}
    shrunk = "sqrt(1 - sigma^2) x"
    assert found == pytest.approx(
        {"x": 5, "nothing": 0, shrunk: 4, f"{shrunk}, also of a negative number": 4, "(1 - sigma) x": 2}
    )
    large = {one.name: one.of(x, np.array([[2.0]])).item() for one in perturbation.PERTURBATION_CENTRES}
    assert large[shrunk] == 0
    assert math.isnan(large[f"{shrunk}, also of a negative number"])
    assert {one.name: one.of(np.array([[4.0]]), x).item() for one in perturbation.PERTURBATION_SCALES} == pytest.approx(
        {"sigma": 4, "sigma^2": 16, "sqrt(sigma)": 2, "unscaled": 1, "twice": 8, "half": 2, "sqrt 2": 4 * 2**0.5,
         "over sqrt 2": 8**0.5, "sigma^3": 64, "1/sigma": 0.25, "times data": 20}
    )  # fmt: skip


def test_a_measured_scale_is_the_one_that_was_put_in():
    levels = np.array([8.0, 4.0, 1.0, 0.5])
    put_in = {"clamped": np.maximum(levels, 2), "noise besides": np.hypot(levels, 2), "multiple": 2 * levels,
              "constant": 2 + 0 * levels}  # fmt: skip
    for one in perturbation.FITTED_SCALES:
        factors = put_in[one.name]
        measured = one.fit(levels, factors**2)
        assert measured == pytest.approx(2), one.name
        assert one.of(levels, measured) == pytest.approx(factors), one.name


def test_the_laws_of_z_have_their_quantiles():
    half, three = 0.6744897501960817, math.sqrt(3)
    below = {"normal": (-half, 0.25), "rand": (0.25, 0.25), "uniform": (-0.5, 0.25), "centred": (-0.25, 0.25),
             "uniform, variance 1": (-three / 2, 0.25), "Laplace": (-math.log(2), 0.25), "positive": (half, 0.5),
             "within two": (0.0, 0.5)}  # fmt: skip
    above = below | {"normal": (half, 0.75), "rand": (0.75, 0.75), "uniform": (0.5, 0.75), "centred": (0.25, 0.75),
                     "uniform, variance 1": (three / 2, 0.75), "Laplace": (math.log(2), 0.75),
                     "within two": (1.0, (0.8413447460685429 - 0.02275013194817921) / 0.9544997361036416)}  # fmt: skip
    for one in perturbation.NOISE_LAWS:
        for value, share in (below[one.name], above[one.name]):
            assert one.cdf(np.array([value])) == pytest.approx([share]), one.name
        outside = {"normal": 9.0, "Laplace": 9.0, "positive": -0.1}.get(one.name, 2.1)
        assert math.isnan(one.cdf(np.array([outside]))[0]) == (one.name not in ("normal", "Laplace")), one.name


def test_the_probabilities_of_levels_are_what_their_names_say():
    levels = np.array([4.0, 2.0, 1.0, 1.0])
    assert {one.name: one.of(levels).tolist() for one in perturbation.LEVEL_LAWS} == {
        name: pytest.approx(np.array(parts) / sum(parts))
        for name, parts in {
            "uniform": [1, 1, 1, 1],
            "never the first": [0, 1, 1, 1],
            "never the last": [1, 1, 1, 0],
            "never the ends": [0, 1, 1, 0],
            "sigma as weights": [4, 2, 1, 1],
            "sigma^2 as weights": [16, 4, 1, 1],
            "1/sigma as weights": [1, 2, 4, 4],
            "1/sigma^2 as weights": [1, 4, 16, 16],
            "rounded": [1, 2, 2, 1],
        }.items()
    }
