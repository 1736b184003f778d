"""What a ScoreNet executes, compared with Question 5.1: linear layers with Softplus between each two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from tests.support.homework.assignment import DIFFUSION
from tests.support.homework.handout import SCORENET_LATENT_DIM, SCORENET_LAYERS
from tests.support.homework.networks import (
    ACTIVATIONS,
    NO_ACTIVATION,
    ONE_DIFFERENCE,
    SCORENET_OUTPUTS,
    SCORENET_SIZES,
    Sizes,
)
from tests.support.homework.readings import Reading
from tests.support.judging import interpreter
from tests.support.judging.interpreter import Numbers, Unknown
from tests.support.judging.recognition import Line, carried, carries_forward
from tests.support.observed.networks import Execution, Operation, ParameterTable, execution, parameter_table
from tests.support.observed.recorded import FLOAT32_EPS
from tests.support.submission import Submission
from tests.support.verdicts import SubmissionRaised, wrong

POINTS = np.array([[0.8, -0.3], [-1.7, 0.4], [0.1, 1.2], [2.2, -0.9], [-0.6, -2.1]], dtype=np.float32)
SIGMA = 0.37
QUESTION = "5.1"
OWNER = "scorenet_executes_eight_linear_layers"
DEFAULT = (SCORENET_LAYERS, SCORENET_LATENT_DIM)
SMALL = (3, 5)
LOOK_AT = "Question 5.1: 8 linear layers with Softplus as the activation function, and the docstring of ScoreNet"
MOST_CARRIED = 2
"""Things that may differ together: a network further from the question is judged by the question alone."""
FEWEST_LAYERS = 2
"""Layers between which there is something to judge."""
FEWEST_OF_CREDIT = SCORENET_LAYERS / 2
"""A network with fewer layers than half of them is none of which one thing differs."""


EXTRA = {"dropout", "batch_norm", "layer_norm", "group_norm"}
"""Operations that no activation consists of: they are told by their names."""


@dataclass(frozen=True)
class Between:
    """What stands between two linear layers, by its values: its name, and its formula if that is known.

    `operations` are those that run there, where no activation of the list has these values.
    """

    name: str
    of: Callable[[np.ndarray], np.ndarray] | None
    operations: tuple[str, ...] = ()


SOFTPLUS = Between(ACTIVATIONS[0].name, ACTIVATIONS[0].of)
NOTHING = Between(NO_ACTIVATION.name, NO_ACTIVATION.of)


@dataclass(frozen=True)
class Built:
    """A ScoreNet of one size as it runs: its linear layers, what stands before, between and after them."""

    layers: tuple[Operation, ...]
    stretches: tuple[Between, ...]
    extra: tuple[str, ...]

    @property
    def widths(self) -> list[int]:
        """The width of the input, between the layers, and of the output."""
        return [self.layers[0].in_channels, *(step.out_channels for step in self.layers)] if self.layers else []

    def has(self, depth: int, width: int) -> bool:
        """Whether it has so many layers of this width; a network that would have one layer may as well have two."""
        return len(self.layers) in (depth, max(depth, FEWEST_LAYERS)) and all(one == width for one in self.widths[1:-1])

    def differences(self) -> dict[str, str]:
        """What differs from Question 5.1 but for the sizes: a sentence for each kind of difference."""
        found: dict[str, str] = {}
        if self.extra:
            found["extra"] = f"Extra operations run: {', '.join(self.extra)}."
        ends = (self.widths[0], self.widths[-1])
        if ends != (3, 2):
            found["ends"] = f"The network maps {ends[0]} values to {ends[1]}; 3 (x with sigma appended) become 2."
        if not all(step.bias for step in self.layers):
            found["bias"] = f"{sum(not step.bias for step in self.layers)} linear layers have no bias."
        first, *between, last = self.stretches
        others = [one.name for one in between if one != SOFTPLUS and not self._only_extra(one)]
        if others:
            count = len(between)
            listing = ", ".join(f"{name} at {times} of {count} places" for name, times in Counter(others).items())
            found["activation"] = f"Between the linear layers there is {listing}; Softplus belongs there."
        if first != NOTHING:
            found["first"] = f"Before the first linear layer there is {first.name}; x and sigma enter it as they are."
        if last != NOTHING:
            found["last"] = (
                f"After the last linear layer there is {last.name}; nothing follows it but the division by sigma."
            )
        return found

    def _only_extra(self, stretch: Between) -> bool:
        """Whether Softplus and the extra operations, which are told by themselves, are all that runs there."""
        return bool(self.extra) and [one for one in stretch.operations if one not in self.extra] == ["softplus"]

    def score(self, weights: Sequence[np.ndarray], given: np.ndarray) -> Numbers:
        """What the layers make of the first one's input (N, 3) with these weights; raises `Misfit` and `Unknown`."""
        layers = [list(one) for one in _paired(weights)]
        if [bool(biases) for _, *biases in layers] != [step.bias for step in self.layers]:
            raise interpreter.Misfit
        now = _applied(self.stretches[0], Numbers(given.astype(np.float64), np.zeros(given.shape)))
        for (weight, *biases), after in zip(layers, self.stretches[1:], strict=True):
            if now.value.shape[1] != weight.shape[1]:
                raise interpreter.Misfit
            now = _applied(after, interpreter.affine(now, weight, biases[0] if biases else 0.0))
        return now


def _paired(weights: Sequence[np.ndarray]) -> Iterator[list[np.ndarray]]:
    """Each weight with its bias, if there is one; raises `Misfit` for other tensors."""
    pairs: list[list[np.ndarray]] = []
    for one in weights:
        if one.ndim == 2:
            pairs.append([one.astype(np.float64)])
        elif one.ndim == 1 and pairs and len(pairs[-1]) == 1:
            pairs[-1].append(one.astype(np.float64))
        else:
            raise interpreter.Misfit
    return iter(pairs)


def _applied(stretch: Between, x: Numbers) -> Numbers:
    """No slope of the known activations is above 1.1; 8 roundings are their own."""
    if stretch.of is None:
        raise Unknown(stretch.name)
    if stretch == NOTHING:
        return x
    value = stretch.of(x.value)
    return Numbers(value, 1.1 * x.error + 8 * interpreter.ROUNDING * (1 + np.abs(value)))


@dataclass(frozen=True)
class Structure:
    """How a ScoreNet differs from Question 5.1: a sentence for each thing, and the reading of its sizes, if known."""

    seen: Execution
    built: Built
    lines: dict[str, str]
    sizes: Sizes | None

    @property
    def credit(self) -> float:
        """What the row of the executed operations earns."""
        if len(self.lines) > MOST_CARRIED or len(self.built.layers) < FEWEST_OF_CREDIT:
            return 0.0
        credit = 1.0
        for line in self.lines:
            credit *= self.sizes.credit if line == "sizes" and self.sizes else ONE_DIFFERENCE.credit
        return credit

    @property
    def mistake(self) -> Reading | str:
        """The name of what differs: only the sizes have one."""
        if self.credit == 0 or "sizes" not in self.lines or not self.sizes:
            return ""
        return self.sizes if len(self.lines) == 1 else str(self.sizes)

    @property
    def costs(self) -> list[str]:
        """What it costs that one thing differs, if its name does not say so."""
        return [str(ONE_DIFFERENCE)] if self.credit and len(self.lines) == 1 and not self.mistake else []

    @property
    def carried(self) -> bool:
        """Whether other rows judge the network as it is."""
        return carries_forward() and 0 < len(self.lines) <= MOST_CARRIED and self.sizes is not None

    def note(self, submission: Submission) -> None:
        """Tell that a row was judged for the network as it is."""
        submission.note(carried(Line("ScoreNet", OWNER, ()), self.said))

    @property
    def said(self) -> str:
        """What differs, in a sentence for each thing."""
        return " ".join(str(self.sizes) if name == "sizes" else text for name, text in self.lines.items())


def structure(submission: Submission) -> Structure:
    """The ScoreNet in its default size and in a small one, compared with Question 5.1."""

    def conclude() -> Structure:
        seen = run(submission, *DEFAULT)
        if seen.returned != "tensor":
            raise wrong("ScoreNet does not return a tensor.", look_at=LOOK_AT)
        built = read(seen)
        if not built.layers:
            return Structure(seen, built, {"number": "No linear layer runs; 8 are asked for."}, None)
        lines = built.differences()
        if len(built.layers) < FEWEST_LAYERS:
            return Structure(seen, built, {"number": _sizes(built, DEFAULT), **lines}, None)
        small = read(run(submission, *SMALL))
        both = ((DEFAULT, built), (SMALL, small))
        sizes = next((one for one in SCORENET_SIZES if all(net.has(*one.of(*size)) for size, net in both)), None)
        if sizes is None:
            size, net = next((size, net) for size, net in both if not net.has(*size))
            lines = {"number": _sizes(net, size), **lines}
        elif sizes is not SCORENET_SIZES[0]:
            size, net = next((size, net) for size, net in both if not net.has(*size))
            lines = {"sizes": _sizes(net, size), **lines}
        if small.layers:
            lines |= {name: text for name, text in small.differences().items() if name not in lines}
        return Structure(seen, built, lines, sizes)

    return submission.once("structure of ScoreNet", conclude)


def _sizes(built: Built, size: tuple[int, int]) -> str:
    """The sizes of a network, and those that were asked for."""
    depth, width = size
    count, between = len(built.layers), dict.fromkeys(built.widths[1:-1])
    layers = "1 linear layer" if count == 1 else f"{count} linear layers"
    widths = f" of width {' and '.join(map(str, between))}" if between else ""
    return (
        f"ScoreNet(n_layers={depth}, latent_dim={width}) runs {layers}{widths}; {depth} of width {width} belong there."
    )


def run(submission: Submission, n_layers: int, latent_dim: int, sigma: Any = None) -> Execution:
    """One forward pass of `ScoreNet(n_layers, latent_dim)` on five points."""
    column = np.full((len(POINTS), 1), SIGMA, dtype=np.float32) if sigma is None else sigma
    named = {"n_layers": n_layers, "latent_dim": latent_dim}
    with stub_recognised(submission):
        return execution(submission, DIFFUSION, "ScoreNet", QUESTION, [POINTS, column], named=named)


@contextmanager
def stub_recognised(submission: Submission) -> Iterator[None]:
    """Turn an exception of a ScoreNet without any layers into `NotImplementedYet`: `self.net` is still missing."""
    try:
        yield
    except SubmissionRaised:
        parameter_table(submission, DIFFUSION, "ScoreNet", QUESTION)
        raise


def layers_of(seen: Execution) -> list[Operation]:
    """The executed linear layers."""
    return [step for step in seen.steps if step.operation == "linear"]


def read(seen: Execution) -> Built:
    """The linear layers of a pass, and what stands before, between and after them."""
    layers = layers_of(seen)
    if not layers:
        return Built((), (), ())
    parts: list[list[Operation]] = [[]]
    for step in seen.steps:
        if step.operation == "linear":
            parts.append([])
        else:
            parts[-1].append(step)
    between = [_between(a.output, b.input, part) for (a, b), part in zip(pairwise(layers), parts[1:-1], strict=True)]
    strange = sorted({step.operation for step in seen.steps} & EXTRA)
    stretches = (_before_first(layers[0].input), *between, _after_last(layers[-1].output, seen.output))
    return Built(tuple(layers), stretches, tuple(strange))


def _close(values: np.ndarray, seen: np.ndarray, given: np.ndarray) -> bool:
    """Whether these are the same numbers, but for a few float32 operations on values of the size of those given."""
    if values.shape != seen.shape:
        return False
    size = 1 + np.maximum(np.abs(values), np.abs(given) if given.shape == values.shape else 0)
    return bool(np.isfinite(size).all() and np.all(np.abs(values - seen) <= FLOAT32_EPS * 16 * size))


def _between(before: np.ndarray, after: np.ndarray, steps: Sequence[Operation]) -> Between:
    """What makes one array of the other: a known activation, or the executed operations with their own numbers."""
    given = before.astype(np.float64)
    for activation in ACTIVATIONS:
        if _close(activation.of(given), after, given):
            return Between(activation.name, activation.of)
    names = ", ".join(map(_named, steps)) or "numbers that were moved or joined"
    operations = tuple(step.operation for step in steps)
    try:
        if _close(interpreter.elementwise(steps, given), after, given):
            return Between(names, lambda x: interpreter.elementwise(steps, x), operations)
    except Unknown:
        pass
    return Between(names, None, operations)


def _named(step: Operation) -> str:
    numbers = ", ".join(f"{one:g}" for one in step.numbers[:1].tolist())
    return f"{step.operation}({numbers})" if numbers else step.operation


def _before_first(given: np.ndarray) -> Between:
    """An activation of x and sigma before the first layer; what else is joined to x is judged by values."""
    column = np.full((len(POINTS), 1), np.float32(SIGMA), dtype=np.float64)
    entering = np.concatenate([POINTS.astype(np.float64), column], axis=1)
    for activation in ACTIVATIONS:
        if activation is not NO_ACTIVATION and _close(activation.of(entering), given, entering):
            return Between(activation.name, activation.of)
    return NOTHING


def _after_last(last: np.ndarray, output: np.ndarray) -> Between:
    """An activation between the last layer and the output; forward itself, with its division, is judged by values."""
    if last.shape != output.shape or last.shape != POINTS.shape:
        return NOTHING
    sigma = np.full((len(POINTS), 1), np.float32(SIGMA), dtype=np.float64)
    values, x = last.astype(np.float64), POINTS.astype(np.float64)
    candidates = [NO_ACTIVATION, *(one for one in ACTIVATIONS if one is not NO_ACTIVATION)]
    for activation in candidates:
        for form in SCORENET_OUTPUTS:
            if _close(form.of(activation.of(values), x, sigma), output, values):
                return NOTHING if activation is NO_ACTIVATION else Between(activation.name, activation.of)
    return NOTHING


def shared_layers(layers: Sequence[Operation]) -> tuple[int, int]:
    """How many of the executed layers have weights of their own or shared ones: (distinct, sharing)."""
    uses = Counter(tuple(step.parameters) for step in layers)
    return len(uses), sum(count for count in uses.values() if count > 1)


def needed_parameters(submission: Submission, n_layers: int, latent_dim: int) -> int:
    """Scalars that what `ScoreNet(n_layers, latent_dim)` executes needs: each layer has weights of its own."""
    seen = run(submission, n_layers, latent_dim)
    table = _parameters(submission, n_layers, latent_dim)
    extra = {name for step in seen.steps if step.operation in EXTRA for name in step.parameters}
    beside = sum(int(np.prod(one.shape)) for one in table.parameters if one.name in extra)
    return beside + sum((step.in_channels + step.bias) * step.out_channels for step in layers_of(seen))


def distinct_parameters(submission: Submission, n_layers: int, latent_dim: int) -> int:
    """Scalars in distinct parameters of `ScoreNet(n_layers, latent_dim)`."""
    table = _parameters(submission, n_layers, latent_dim)
    return sum({one.identity: int(np.prod(one.shape)) for one in table.parameters}.values())


def not_trained(submission: Submission) -> str:
    """What keeps a ScoreNet that runs from being trained, in a sentence; empty if nothing does."""
    names = [one.name for one in _parameters(submission, *DEFAULT).parameters if not one.trainable]
    if names:
        return f"Some parameters of ScoreNet do not ask for a gradient: {', '.join(names)}."
    try:
        seen = run(submission, *DEFAULT)
    except SubmissionRaised:  # charged where the layers are judged
        return ""
    return "" if seen.differentiable else "No gradient comes back from what ScoreNet returns to its parameters."


def _parameters(submission: Submission, n_layers: int, latent_dim: int) -> ParameterTable:
    named = {"n_layers": n_layers, "latent_dim": latent_dim}
    return parameter_table(submission, DIFFUSION, "ScoreNet", QUESTION, named=named)
