"""Executed operations read against a table of the handout: what differs, and how much of it is a setting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tests.support.homework.handout import TableRow
from tests.support.judging.spelled import Setup, join_padding, recognise_by_value, setup_of_row
from tests.support.observed.networks import Operation


@dataclass(frozen=True)
class Difference:
    """One deviation from the table in words; `setting` is what differs where the operation is the table's own."""

    text: str
    setting: str = ""


@dataclass(frozen=True)
class Comparison:
    """What a network executes, beside a table; the same setting in several rows is one difference.

    `executed` are the operations as they were read: a stretch that is spelled by hand stands there as the rows that it
    computes.
    """

    differences: tuple[Difference, ...]
    side_by_side: str
    reordered: bool
    executed: tuple[Operation, ...]

    @property
    def settings_only(self) -> bool:
        """Whether every operation is the table's, in its order."""
        return all(one.setting for one in self.differences)


Place = tuple[int | None, int | None]
"""The index of a row and that of the executed operation that stands for it; None where there is none."""


def read(
    steps: Sequence[Operation],
    rows: Sequence[TableRow],
    network_input: np.ndarray,
    network_output: np.ndarray,
    title: str,
) -> Comparison:
    """Compare executed steps with the rows of a table called `title`; inputs and outputs serve hand-spelled stretches.

    For a comparison of a part of a network, hand over that part's steps, rows, input and output.
    """
    wanted = [setup_of_row(row) for row in rows]
    executed, seen = recognise_by_value(join_padding(steps), rows, network_input, network_output)
    reordered = sorted(map(_family, wanted)) == sorted(map(_family, seen)) and [*map(_family, wanted)] != [
        *map(_family, seen)
    ]
    if reordered:
        places: list[Place] = [(k, k) for k in range(len(wanted))]
        differences = _order(wanted, seen, title)
    else:
        places = _aligned(wanted, seen)
        differences = [one for k in range(len(places)) for one in _differences(places, k, wanted, seen, title)]
    return Comparison(_grouped(differences), _table(places, wanted, seen, title), reordered, tuple(executed))


def _grouped(differences: Sequence[tuple[int | None, Difference]]) -> tuple[Difference, ...]:
    """The differences, with their rows; the same one in several rows as one."""
    rows: dict[str, list[int]] = {}
    for row, one in differences:
        if row is not None:
            rows.setdefault(one.text, []).append(row)
    told: dict[str, Difference] = {}
    for _, one in differences:
        numbers = rows.get(one.text, [])
        if len(numbers) > 1:
            where = f"rows {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}: "
        else:
            where = "".join(f"row {number}: " for number in numbers)
        told.setdefault(where + one.text, Difference(where + one.text, one.setting))
    return tuple(told.values())


def _order(wanted: Sequence[Setup], seen: Sequence[Setup], title: str) -> list[tuple[int | None, Difference]]:
    """Which rows run before others that stand above them, and the settings that differ besides.

    The k-th executed operation of a kind stands for the k-th row of that kind.
    """
    rows_left = {name: [i for i, one in enumerate(wanted) if _family(one) == name] for name in map(_family, wanted)}
    row_of = [rows_left[_family(one)].pop(0) for one in seen]
    found: list[tuple[int | None, Difference]] = []
    for j, row in enumerate(row_of):
        above = sorted(other for other in row_of[j + 1 :] if other < row)
        if above:
            names = " and ".join(f"{wanted[i].operation} (row {i + 1})" for i in above)
            text = f"{wanted[row].operation} (row {row + 1} of {title}) runs before {names}"
            found.append((None, Difference(text)))
    for j, row in enumerate(row_of):
        found += _differing_settings(row, wanted[row], seen[j], title)
    return found


EDIT = 2.0
"""What a row without an operation costs an alignment, or the reverse; another setting costs 1, another operation 3."""


def _aligned(wanted: Sequence[Setup], seen: Sequence[Setup]) -> list[Place]:
    """Rows beside executed operations, so that they differ as little as possible (Needleman and Wunsch)."""
    best: dict[tuple[int, int], tuple[float, list[Place]]] = {(0, 0): (0.0, [])}
    for i in range(len(wanted) + 1):
        for j in range(len(seen) + 1):
            ways: list[tuple[float, list[Place]]] = []
            if i and j:
                cost, places = best[i - 1, j - 1]
                ways.append((cost + _unlike(wanted[i - 1], seen[j - 1]), [*places, (i - 1, j - 1)]))
            if i:
                ways.append((best[i - 1, j][0] + EDIT, [*best[i - 1, j][1], (i - 1, None)]))
            if j:
                ways.append((best[i, j - 1][0] + EDIT, [*best[i, j - 1][1], (None, j - 1)]))
            if ways:
                best[i, j] = min(ways, key=lambda way: way[0])
    return best[len(wanted), len(seen)][1]


def _unlike(row: Setup, step: Setup) -> float:
    if _family(row) != _family(step):
        return 3.0
    return 0.0 if step.by_hand or row.settings == step.settings else 1.0


def _differences(
    places: Sequence[Place], k: int, wanted: Sequence[Setup], seen: Sequence[Setup], title: str
) -> list[tuple[int | None, Difference]]:
    """What differs at one of the places, with the number of the row."""
    i, j = places[k]
    if i is not None and j is not None:
        if _family(wanted[i]) == _family(seen[j]):
            return _differing_settings(i, wanted[i], seen[j], title)
        return [(i + 1, Difference(f"{seen[j]} is executed; {title} says {wanted[i]}"))]
    if i is not None:
        return [(i + 1, Difference(f"{wanted[i]} is not executed at its place"))]
    rows_before = [row for row, _ in places[:k] if row is not None]
    after = f"after row {rows_before[-1] + 1}" if rows_before else "before row 1"
    return [(None, Difference(f"{after}: {seen[j or 0]} is executed; {title} has nothing there"))]


def _family(setup: Setup) -> str:
    return setup.operation


def _differing_settings(i: int, wanted: Setup, seen: Setup, title: str) -> list[tuple[int | None, Difference]]:
    if seen.by_hand:
        return []
    names = [
        name for name in {**wanted.settings, **seen.settings} if wanted.settings.get(name) != seen.settings.get(name)
    ]
    if not names:
        return []
    given = " and ".join(f"{name} {seen.settings.get(name, 'unset')}" for name in names)
    asked = " and ".join(f"{name} {wanted.settings.get(name, 'nearest (the default)')}" for name in names)
    text = f"{seen.operation} with {given}; {title} says {asked}"
    return [(i + 1, Difference(text, text))]


def _table(places: Sequence[Place], wanted: Sequence[Setup], seen: Sequence[Setup], title: str) -> str:
    body = [("" if i is None else str(i + 1), "-" if i is None else str(wanted[i]), j, i) for i, j in places]
    width = max(len(title), *(len(text) for _, text, _, _ in body))
    lines = [f" row  {title:<{width}}  executed"]
    for number, text, j, i in body:
        there = "-" if j is None else str(seen[j])
        same = i is not None and j is not None and there == text
        lines.append(f"{number:>4}  {text:<{width}}  {'the same' if same else there}")
    return "\n".join(lines)
