"""The verb `unseen`: known mistakes that no check tells which students see before their grades, by question."""

from __future__ import annotations

import argparse

from grader import rubric
from grader.audit import cases


def unseen() -> dict[str, list[tuple[str, str]]]:
    """By question, the name of each such mutant and what students read of it later; none of its checks is public."""
    rows = {row.name: row for row in rubric.read()}
    found: dict[str, list[tuple[str, str]]] = {}
    for case in cases.all_cases((cases.MUTANTS,)):
        finding = [rows[name] for name in case.fails if name in rows]
        if finding and not any(row.visibility == "visible" for row in finding):
            found.setdefault(min(row.number for row in finding), []).append((case.name, case.says))
    return dict(sorted(found.items()))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(options: argparse.Namespace) -> int:
    """Print the list."""
    found = unseen()
    for question, mistakes in found.items():
        print(f"{question}")
        for name, says in mistakes:
            print(f"  {name.replace('_', ' ')}{f': {says}' if says else ''}")
    every = len(cases.all_cases((cases.MUTANTS,)))
    print(f"{sum(map(len, found.values()))} of {every} known mistakes are told only by checks that students see later.")
    return 0
