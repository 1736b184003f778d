"""The verdicts on a network's structure: its executed operations and its parameters against a table.

A network that differs from the table in one line or two is charged for it in one row, that of its executed operations.
The other rows judge it by what its own operations make of weights and inputs (`interpreter`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tests.support.homework.assignment import GAN
from tests.support.homework.handout import TABLE_1, TABLE_2, TableRow
from tests.support.homework.networks import (
    ANOTHER_DEFINITION_ORDER,
    ANOTHER_ORDER,
    AS_THE_TABLE,
    NOT_IN_THE_TABLE,
    NOT_REGISTERED,
    NOT_THERE,
    ONE_SETTING,
    SHARED_TENSOR,
    ZDIM_UNUSED,
)
from tests.support.homework.readings import measured, share
from tests.support.judging import interpreter
from tests.support.judging.recognition import Line, carried, carries_forward
from tests.support.judging.tables import Comparison, read
from tests.support.observed.losses import images
from tests.support.observed.networks import WEIGHTED, Execution, ParameterTable, execution, parameter_table
from tests.support.submission import Submission
from tests.support.verdicts import Blocked, Finding, Verdict, Wrong, following, settle, wrong

MOST_CARRIED = 2
"""Lines that may deviate together: a network further from the table is judged by the table alone."""


@dataclass(frozen=True)
class Network:
    """A network of the GAN, its question, and the table that it follows."""

    name: str
    question: str
    rows: tuple[TableRow, ...]
    title: str
    zdim: int | None = None

    @property
    def owner(self) -> str:
        """The check that pays for what is executed."""
        return f"{self.name.lower()}_executes_{self.title.lower().replace(' ', '_')}"

    @property
    def look_at(self) -> str:
        """The place in the handout."""
        return f"{self.title}; Question {self.question}"

    def given(self, zdim: int | None = None) -> np.ndarray:
        """Two inputs of the network."""
        return images(2) if self.zdim is None else latents(2, zdim or self.zdim)


DNET = Network("DNet", "4.1", TABLE_1, "Table 1")
GNET = Network("GNet", "4.2", TABLE_2, "Table 2", zdim=64)


@dataclass(frozen=True)
class Structure:
    """What a network executes, compared with its table; `lost` are the numbers of rows that are not registered."""

    network: Network
    seen: Execution
    compared: Comparison
    lost: tuple[int, ...]

    @property
    def deviations(self) -> tuple[str, ...]:
        """What the row of the executed operations charges, in words."""
        texts = tuple(one.text for one in self.compared.differences)
        return (*texts, f"the weights of row {_listed(self.lost)} are not registered") if self.lost else texts

    @property
    def carried(self) -> bool:
        """Whether other rows judge the network by its own operations."""
        return carries_forward() and 0 < len(self.deviations) <= MOST_CARRIED

    def parameter_shapes(self, given: np.ndarray) -> list[tuple[int, ...]]:
        """The registered weights and biases that the executed operations need; raises `interpreter.Unknown`."""
        steps = self.compared.executed
        shapes = interpreter.parameter_shapes(steps, given)
        registered: list[tuple[int, ...]] = []
        for step in steps:
            scales = step.operation == "batch_norm" and bool(step.parameters)
            count = 1 + step.bias if step.operation in (*WEIGHTED, "conv_transpose2d") else 2 * scales
            own, shapes = shapes[:count], shapes[count:]
            registered += own if step.parameters else []
        return registered

    def note(self, submission: Submission) -> None:
        """Tell that a row was judged by the network's own operations."""
        listing = "; ".join(self.deviations)
        submission.note(carried(Line(self.network.title, self.network.owner, ()), f"{listing}."))

    def blocked(self, unknown: interpreter.Unknown) -> Blocked:
        """The verdict where no formula of the executed operations is known."""
        listing = "; ".join(self.deviations)
        row = self.network.owner.replace("_", " ")
        return Blocked(
            f"Not judged: no formula is known here for what {self.network.name} executes ({unknown}).\n"
            f"That costs points in the row '{row}': {listing}. Follow the table there, and this row is judged."
        )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def latents(n: int, zdim: int) -> np.ndarray:
    """Latents `(n, zdim)`, uniform on [-1, 1)."""
    rng = np.random.Generator(np.random.PCG64(n))
    return rng.uniform(-1, 1, (n, zdim)).astype(np.float32)


def structure(submission: Submission, network: Network) -> Structure:
    """What the network executes beside its table; raises the verdict of a network that cannot be run."""

    def conclude() -> Structure:
        positional, given = [] if network.zdim is None else [network.zdim], network.given()
        seen = execution(submission, GAN, network.name, network.question, [given], positional)
        if seen.returned != "tensor":
            raise wrong(f"{network.name} does not return a tensor.", look_at=network.look_at)
        compared = read(seen.steps, network.rows, given, seen.output, network.title)
        layers = [step for step in compared.executed if step.operation in WEIGHTED]
        numbers = [i + 1 for i, row in enumerate(network.rows) if row.operation in WEIGHTED]
        lost = [number for number, step in zip(numbers, layers, strict=False) if not step.parameters]
        return Structure(network, seen, compared, tuple(lost))

    return submission.once(f"structure of {network.name} {network.zdim}", conclude)


def require_table(submission: Submission, network: Network) -> None:
    """Raise every difference between what the network executes and the table; settings earn a part each."""
    found = structure(submission, network)
    differences = found.compared.differences
    if differences:
        listing = ".\n".join(one.text for one in differences) + "."
        few = found.compared.settings_only and len(differences) <= MOST_CARRIED
        mistake = ANOTHER_ORDER if found.compared.reordered and not few else ""
        credit = ONE_SETTING.credit ** len(differences) if few else None
        if credit is not None:
            several = f"Everything else follows the table: these cost {share(1 - credit)}."
            listing += f"\n{ONE_SETTING if len(differences) == 1 else several}"
        finding = Finding(listing, found.compared.side_by_side, mistake, network.look_at)
        lost = [_lost(found)] if found.lost else []
        raise Wrong(finding, *lost, credit=None if lost else credit)
    settle(_lost(found) if found.lost else None, following(AS_THE_TABLE, network.look_at))


def _lost(found: Structure) -> Finding:
    """The weights that are no parameters of the network."""
    network = found.network
    return Finding(
        f"The weights of row {_listed(found.lost)} of {network.title} are not parameters of {network.name}.",
        f"Every weight should be in {network.name}().parameters(), or the optimiser never moves it.",
        NOT_REGISTERED,
        network.look_at,
    )


def require_parameters(
    submission: Submission, network: Network, shapes: Sequence[Sequence[int]], zdim: int | None = None
) -> None:
    """Raise what is wrong with the parameters: their number, their order of definition, or tensors that are shared."""
    positional = [] if zdim is None else [zdim]
    seen = parameter_table(submission, GAN, network.name, network.question, positional)
    name = network.name if zdim is None else f"{network.name}({zdim})"
    wanted = [tuple(shape) for shape in shapes]
    finding = _about_parameters(seen, wanted, name, network.title)
    if finding is None:
        return
    try:
        own = structure(submission, network)
        if not own.deviations and _spelled_otherwise(_of_size(submission, own, zdim), seen, wanted):
            return
        needed = own.parameter_shapes(network.given(zdim)) if own.carried else None
    except (Verdict, interpreter.Unknown):
        needed = None
    if needed is not None:
        finding = _about_parameters(seen, needed, name, f"What {network.name} executes")
        if finding is None:
            own.note(submission)
            return
    settle(finding)


def _of_size(submission: Submission, own: Structure, zdim: int | None) -> Structure:
    """What the network executes for latents of another length."""
    if zdim in (None, own.network.zdim):
        return own
    return structure(submission, replace(own.network, zdim=zdim))


def _spelled_otherwise(own: Structure, seen: ParameterTable, wanted: list[tuple[int, ...]]) -> bool:
    """Whether the table's weights are made of other tensors: of one flat vector, or of lengths and directions.

    All of them are used, in the order of the table's layers, and they are at least as many numbers as the weights.
    """
    if own.deviations:
        return False
    layers = [step for step in own.compared.executed if step.operation in WEIGHTED]
    used: dict[str, int] = {}
    for k, step in enumerate(layers):
        for name in step.parameters:
            used.setdefault(name, k)
    names = [one.name for one in seen.parameters]
    numbers = {one.identity: math.prod(one.shape) for one in seen.parameters}
    return (
        sorted(used) == sorted(names)
        and names == sorted(names, key=used.__getitem__)
        and all(one.trainable for one in seen.parameters)
        and len(numbers) == len(used)
        and sum(numbers.values()) >= sum(map(math.prod, wanted))
    )


def _about_parameters(seen: ParameterTable, wanted: list[tuple[int, ...]], name: str, title: str) -> Finding | None:
    found = [tuple(parameter.shape) for parameter in seen.parameters]
    listing = "\n".join(f"  {one.name}: {tuple(one.shape)}" for one in seen.parameters)
    look_at = "the order and the sizes of the layers in __init__; Remarks 3 and 4"
    distinct = {one.identity: math.prod(one.shape) for one in seen.parameters}
    total, right = sum(distinct.values()), sum(map(math.prod, wanted))
    expected = f"{title} makes {right:,} parameters: {', '.join(map(str, wanted))}."
    if len(distinct) < len(found):
        text = f"{name} has {len(found)} parameter tensors, but only {len(distinct)} are distinct:\n{listing}"
        return Finding(text, expected, SHARED_TENSOR, look_at)
    if sorted(found) != sorted(wanted):
        text = f"{name} has {total:,} parameters in definition order:\n{listing}"
        fixed = [one for one in wanted if one not in found and (one[0], GNET.zdim) in found]
        mistake = ZDIM_UNUSED if name.startswith("GNet(") and len(fixed) == 1 else _cause(found, wanted)
        return Finding(text, expected, mistake, look_at)
    weights, wanted_weights = ([shape for shape in one if len(shape) > 1] for one in (found, wanted))
    if weights != wanted_weights:
        text = f"{name} has the right parameters, but its layers are defined in another order:\n{listing}"
        return Finding(text, expected, ANOTHER_DEFINITION_ORDER, look_at)
    frozen = [one.name for one in seen.parameters if not one.trainable]
    if frozen:
        return Finding(
            f"Some parameters of {name} do not ask for a gradient: {', '.join(frozen)}.",
            "The optimiser moves every parameter.",
            look_at=look_at,
        )
    return None


LARGEST_ZDIM = 64 * 64
"""Latents for which Table 2 is computed at most: a larger size is a lie, or nobody's generator."""


def zdim_unused(submission: Submission, zdim: int) -> int | None:
    """The size of the latents that GNet(zdim) takes, where that is another."""
    seen = parameter_table(submission, GAN, GNET.name, GNET.question, [zdim])
    sizes = [one.shape[1] for one in seen.parameters if len(one.shape) == 2 and one.shape[0] == TABLE_2[0].channels]
    return sizes[0] if len(sizes) == 1 and sizes[0] != zdim and 0 < sizes[0] <= LARGEST_ZDIM else None


def _cause(found: list[tuple[int, ...]], wanted: list[tuple[int, ...]]) -> str:
    extra, missing = list(found), []
    for shape in wanted:
        if shape in extra:
            extra.remove(shape)
        else:
            missing.append(shape)
    sides = ((NOT_THERE, missing), (NOT_IN_THE_TABLE, extra))
    return " ".join(str(measured(told, ", ".join(map(str, shapes)))) for told, shapes in sides if shapes)


def telling(weights: Sequence[np.ndarray]) -> bool:
    """Whether a network with these weights shows what it computes: finite ones, and most of each layer's differ."""
    tensors = [one for one in weights if one.ndim > 1]
    return bool(tensors) and all(
        np.all(np.isfinite(one)) and 2 * len(np.unique(one)) > one.size and float(np.abs(one).max()) > 1e-2
        for one in tensors
    )
