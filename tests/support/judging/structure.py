"""The verdicts on a network's structure: its executed operations and its parameters against a table."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tests.support.homework.assignment import GAN
from tests.support.homework.handout import TableRow
from tests.support.homework.networks import (
    ANOTHER_DEFINITION_ORDER,
    ANOTHER_ORDER,
    AS_THE_TABLE,
    BIAS_MISSING,
    NOT_IN_THE_TABLE,
    NOT_REGISTERED,
    NOT_THERE,
    ONE_SETTING,
    SHARED_TENSOR,
)
from tests.support.homework.readings import Reading, measured
from tests.support.judging.tables import read
from tests.support.observed.losses import images
from tests.support.observed.networks import WEIGHTED, Execution, ParameterTable, execution, parameter_table
from tests.support.submission import Submission
from tests.support.verdicts import Finding, following, settle, wrong


def latents(n: int, zdim: int) -> np.ndarray:
    """Latents `(n, zdim)`, uniform on [-1, 1)."""
    rng = np.random.Generator(np.random.PCG64(n))
    return rng.uniform(-1, 1, (n, zdim)).astype(np.float32)


def require_table(
    submission: Submission, network: str, question: str, rows: Sequence[TableRow], title: str, zdim: int | None = None
) -> None:
    """Raise every difference between what the network executes and the table; half credit for one wrong setting."""
    positional, given = ([], images(2)) if zdim is None else ([zdim], latents(2, zdim))
    seen = execution(submission, GAN, network, question, [given], positional)
    look_at = f"{title}; Question {question}"
    if seen.returned != "tensor":
        raise wrong(f"{network} does not return a tensor.", look_at=look_at)
    compared = read(seen.steps, rows, given, seen.output, title)
    if compared.differences:
        one = compared.settings_only and len(compared.differences) == 1
        listing = ".\n".join(compared.differences) + "."
        mistake = ONE_SETTING if one else ANOTHER_ORDER if compared.reordered else ""
        settle(Finding(listing, compared.side_by_side, mistake, look_at))
        return
    settle(_lost_layers(seen, network, rows, title, look_at), following(AS_THE_TABLE, look_at))


def _lost_layers(seen: Execution, network: str, rows: Sequence[TableRow], title: str, look_at: str) -> Finding | None:
    """The weights that are no parameters of the network, if any."""
    numbers = [i + 1 for i, row in enumerate(rows) if row.operation in WEIGHTED]
    layers = [step for step in seen.steps if step.operation in WEIGHTED]
    lost = [number for number, step in zip(numbers, layers, strict=True) if not step.parameters]
    if not lost:
        return None
    return Finding(
        f"The weights of row {', '.join(map(str, lost))} of {title} are not parameters of {network}.",
        f"Every weight should be in {network}().parameters(), or the optimiser never moves it.",
        NOT_REGISTERED,
        look_at,
    )


def require_parameters(
    submission: Submission,
    network: str,
    question: str,
    shapes: Sequence[Sequence[int]],
    title: str,
    zdim: int | None = None,
) -> None:
    """Raise what is wrong with the parameters: their number, their order of definition, or tensors that are shared."""
    positional = [] if zdim is None else [zdim]
    seen = parameter_table(submission, GAN, network, question, positional)
    name = network if zdim is None else f"{network}({zdim})"
    settle(_about_parameters(seen, [tuple(shape) for shape in shapes], name, title))


def _about_parameters(seen: ParameterTable, wanted: list[tuple[int, ...]], name: str, title: str) -> Finding | None:
    found = [tuple(parameter.shape) for parameter in seen.parameters]
    listing = "\n".join(f"  {one.name}: {tuple(one.shape)}" for one in seen.parameters)
    look_at = f"{title}; Remarks 3 and 4"
    distinct = {one.identity: math.prod(one.shape) for one in seen.parameters}
    total, right = sum(distinct.values()), sum(map(math.prod, wanted))
    expected = f"{title} makes {right:,} parameters: {', '.join(map(str, wanted))}."
    if len(distinct) < len(found):
        text = f"{name} has {len(found)} parameter tensors, but only {len(distinct)} are distinct:\n{listing}"
        return Finding(text, expected, SHARED_TENSOR, look_at)
    if sorted(found) != sorted(wanted):
        text = f"{name} has {total:,} parameters in definition order:\n{listing}"
        return Finding(text, expected, _cause(found, wanted), look_at)
    weights, wanted_weights = ([shape for shape in one if len(shape) > 1] for one in (found, wanted))
    if weights != wanted_weights:
        text = f"{name} has the right parameters, but its layers are defined in another order:\n{listing}"
        return Finding(text, expected, ANOTHER_DEFINITION_ORDER, look_at)
    frozen = [one.name for one in seen.parameters if not one.trainable]
    if frozen:
        return Finding(f"Some parameters of {name} do not ask for a gradient: {', '.join(frozen)}.", look_at=look_at)
    return None


def _cause(found: list[tuple[int, ...]], wanted: list[tuple[int, ...]]) -> Reading | str:
    extra, missing = list(found), []
    for shape in wanted:
        if shape in extra:
            extra.remove(shape)
        else:
            missing.append(shape)
    if missing and all(len(shape) == 1 for shape in missing) and not extra:
        return BIAS_MISSING
    sides = ((NOT_THERE, missing), (NOT_IN_THE_TABLE, extra))
    return " ".join(str(measured(told, ", ".join(map(str, shapes)))) for told, shapes in sides if shapes)
