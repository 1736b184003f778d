"""The verb `layers`: every attack against the confinement with one layer after another taken away.

A table of layer and attack: whether the attack is defeated, or needs a layer that is absent. What is simulated absent:
seccomp, Landlock, the namespaces, some of root's capabilities, and root, without which the bench has the user id of
whoever grades.
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from grader.audit import cases as known
from grader.audit.cases import Case
from grader.audit.leftovers import leftovers
from grader.audit.run import CLOCKS, compare
from grader.bench import confinement, kernel, mounts
from grader.run.runner import Runner

ORDINARY_USER = 12_345
WITHOUT: dict[str, tuple[bool, frozenset[str]]] = {
    "all layers": (True, frozenset()),
    "no seccomp": (True, frozenset({"seccomp"})),
    "no Landlock": (True, frozenset({"landlock"})),
    "no namespaces": (True, frozenset({"namespaces"})),
    "usual container": (True, frozenset()),
    "not root": (False, frozenset()),
    "not root, no seccomp": (False, frozenset({"seccomp"})),
    "not root, no Landlock": (False, frozenset({"landlock"})),
    "not root, no namespaces": (False, frozenset({"namespaces"})),
}
"""Each column: whether as root, and the layers that are taken away."""
CONTAINER = "usual container"
"""The column in which root has what containers grant: it can mount nothing, nor look into others' processes."""
_OF_CONTAINERS = (0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31)
"""Numbers of the capabilities (capabilities(7)) that root has in a container, as Docker's documentation lists them."""
INDEPENDENT = ("07", "08", "10", "11", "12", "13", "15", "18")
"""Classes of attacks that no layer defeats, but the judge: they are tried with all layers only."""
FIRST_SLOT = 700
DEFEATED, NOT_TRIED = "yes", ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which attacks, which columns, and where the table goes."""
    parser.add_argument(
        "--only", nargs="*", default=[""], metavar="TEXT", help="only attacks whose name holds one of them"
    )
    parser.add_argument("--columns", nargs="*", choices=list(WITHOUT), default=list(WITHOUT))
    parser.add_argument("--out", type=Path, default=Path("out/layers.md"), help="the table, as Markdown")


def run(options: argparse.Namespace) -> int:
    """Grade every attack in every column; the table is rewritten after each; 1 when one is not defeated."""
    attacks = [case for case in known.attacks() if any(text in case.name for text in options.only)]
    context = multiprocessing.get_context("spawn")
    columns: dict[str, dict[str, str]] = {}
    for number, name in enumerate(options.columns):
        tried = [case.name for case in attacks if number == 0 or not case.name.startswith(INDEPENDENT)]
        queue = context.Queue()
        process = context.Process(target=_column, args=(name, tried, FIRST_SLOT + number, queue))
        process.start()
        columns[name] = queue.get()
        process.join()
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(table(attacks, columns), encoding="utf-8")
    Console(width=None if sys.stdout.isatty() else 200).print(Markdown(options.out.read_text(encoding="utf-8")))
    return int(any(word.startswith("NOT") for column in columns.values() for word in column.values()))


def table(attacks: list[Case], columns: dict[str, dict[str, str]]) -> str:
    """What became of each attack in each column, as Markdown, and in how many it was defeated."""
    rows = [["attack", *columns], ["---"] * (1 + len(columns))]
    rows += [[case.name, *(column.get(case.name, NOT_TRIED) for column in columns.values())] for case in attacks]
    words = [word for column in columns.values() for word in column.values()]
    counted = f"{words.count(DEFEATED)} of {len(words)} defeated, {sum(one.startswith('needs') for one in words)} "
    lines = ["| " + " | ".join(cell.replace("|", "/").replace("\n", " ") for cell in row) + " |" for row in rows]
    return "\n".join([*lines, "", f"{counted}need a layer that is absent there, which the terminal tells.", ""])


def _column(name: str, attacks: list[str], slot: int, queue: multiprocessing.Queue[dict[str, str]]) -> None:
    """What becomes of these attacks without some layers, in a process that can give up root."""
    as_root, without = WITHOUT[name]
    if not as_root and os.geteuid() == 0:
        _become_ordinary()
    if name == CONTAINER:
        _open_the_interpreter()
        kernel.limit_privileges(_OF_CONTAINERS)
    told: dict[str, str] = {}
    with contextlib.suppress(OSError), Runner(clocks=CLOCKS, slot=slot, without=without) as runner:
        for case in known.attacks():
            if case.name in attacks:
                began = time.monotonic()
                told[case.name] = _word(runner, case)
                print(f"{name}: {case.name}: {told[case.name]} ({time.monotonic() - began:.0f} s)", flush=True)
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
    complaints += [f"left: {one}" for one in leftovers(runner)]
    if complaints and case.needs and not any(one.startswith(case.needs) for one in in_force):
        return f"needs {case.needs}"
    return f"NOT defeated: {complaints[0][:200]}" if complaints else DEFEATED


def _become_ordinary() -> None:
    """Give up root for good."""
    _open_the_interpreter()
    os.setgroups([])
    os.setresgid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER)
    os.setresuid(ORDINARY_USER, ORDINARY_USER, ORDINARY_USER)
    os.environ["HOME"] = tempfile.gettempdir()


def _open_the_interpreter() -> None:
    """Let other users reach the interpreter, also when it lies below root's own folder."""
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
