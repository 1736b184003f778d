"""`python -m grader.audit.layers`: every attack against the confinement with one layer after another taken away.

A table of layer and attack: whether the attack is defeated, or needs a layer that is absent. What is simulated absent:
seccomp, Landlock, the namespaces, and root, without which the bench has the user id of whoever grades.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from grader.audit import cases as known
from grader.audit.cases import Case
from grader.audit.run import CLOCKS, compare
from grader.bench import confinement, kernel, mounts
from grader.run.runner import Runner

ORDINARY_USER = 12_345
WITHOUT: dict[str, tuple[bool, frozenset[str]]] = {
    "all layers": (True, frozenset()),
    "no seccomp": (True, frozenset({"seccomp"})),
    "no Landlock": (True, frozenset({"landlock"})),
    "no namespaces": (True, frozenset({"namespaces"})),
    "not root": (False, frozenset()),
    "not root, no seccomp": (False, frozenset({"seccomp"})),
    "not root, no Landlock": (False, frozenset({"landlock"})),
    "not root, no namespaces": (False, frozenset({"namespaces"})),
}
"""Each column: whether as root, and the layers that are taken away."""
FIRST_SLOT = 700


def main(arguments: list[str] | None = None) -> int:
    """Grade every attack in every column and print the table; 1 when one is not defeated."""
    parser = argparse.ArgumentParser(prog="python -m grader.audit.layers", description=__doc__)
    parser.add_argument(
        "--only", nargs="*", default=[""], metavar="TEXT", help="only attacks whose name holds one of them"
    )
    parser.add_argument("--columns", nargs="*", choices=list(WITHOUT), default=list(WITHOUT))
    options = parser.parse_args(arguments)
    attacks = [case for case in known.attacks() if any(text in case.name for text in options.only)]
    context = multiprocessing.get_context("spawn")
    columns: dict[str, dict[str, str]] = {}
    for number, name in enumerate(options.columns):
        queue = context.Queue()
        process = context.Process(
            target=_column, args=(name, [case.name for case in attacks], FIRST_SLOT + number, queue)
        )
        process.start()
        columns[name] = queue.get()
        process.join()
    Console(width=None if sys.stdout.isatty() else 200).print(_table(attacks, columns))
    return int(any(word.startswith("NOT") for column in columns.values() for word in column.values()))


def _table(attacks: list[Case], columns: dict[str, dict[str, str]]) -> Table:
    table = Table(title="Attacks and layers", title_justify="left")
    table.add_column("attack")
    for name in columns:
        table.add_column(name)
    for case in attacks:
        table.add_row(case.name, *(column[case.name] for column in columns.values()))
    return table


def _column(name: str, attacks: list[str], slot: int, queue: multiprocessing.Queue[dict[str, str]]) -> None:
    """What becomes of these attacks without some layers, in a process that can give up root."""
    as_root, without = WITHOUT[name]
    if not as_root and os.geteuid() == 0:
        _become_ordinary()
    told: dict[str, str] = {}
    with contextlib.suppress(OSError), Runner(clocks=CLOCKS, slot=slot, without=without) as runner:
        for case in known.attacks():
            if case.name in attacks:
                told[case.name] = _word(runner, case)
    queue.put(dict.fromkeys(attacks, "NOT run") | told)


def _word(runner: Runner, case: Case) -> str:
    with tempfile.TemporaryDirectory(prefix="audit-") as folder:
        submission, out = Path(folder, "submission"), Path(folder, "out")
        submission.mkdir()
        case.build(submission)
        results = runner.grade(submission, out)
    in_force = results.facts.get("in_force", [])
    complaints = list(compare(case, results).complaints)
    if "LEAK" in str(results.facts.get("printed")):
        complaints.append("it read or did what it must not")
    if complaints and case.needs and not any(one.startswith(case.needs) for one in in_force):
        return f"needs {case.needs}"
    return f"NOT defeated: {complaints[0][:200]}" if complaints else "defeated"


def _become_ordinary() -> None:
    """Give up root for good, with the interpreter in reach also when it lies below root's own folder."""
    closed = {tree: above for tree in confinement.interpreter_trees() if (above := mounts.closed_ancestor(tree))}
    if closed:
        kernel.unshare(kernel.NEW_MOUNTS)
        kernel.mount("none", "/", "", kernel.RECURSIVE | kernel.PRIVATE)
        handles = {tree: os.open(tree, os.O_PATH) for tree in closed}
        for above in set(closed.values()):
            kernel.mount("none", above, "tmpfs", 0, "mode=755,size=1m")
        for tree, handle in handles.items():
            tree.mkdir(parents=True, exist_ok=True)
            kernel.bind(f"/proc/self/fd/{handle}", tree)
            os.close(handle)
    os.setgroups([])
    os.setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER)
    os.setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER)
    os.environ["HOME"] = tempfile.gettempdir()


if __name__ == "__main__":
    sys.exit(main())
