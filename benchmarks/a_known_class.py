"""A class whose points are known, as one export: `python -m benchmarks.a_known_class --size 300` (as root).

Styles, half-finished work, mutants and attacks of the audit, and among them everything that has been odd in an export
(`benchmarks.oddities`). Prints what became of each oddity, every row that is not the known one, the wall time, what
each submission costs, and the largest memory of all processes together; beside that the usual way on right submissions.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from benchmarks import oddities
from benchmarks.meter import Cost, Meter
from benchmarks.oddities import Oddity, Place, all_oddities
from grader.__main__ import main as command
from grader.audit.cases import ATTACKS, HALVES, MUTANTS, STYLES, Case, all_cases
from grader.course import gradebook, page
from grader.course.export import METADATA
from grader.project import ROOT
from grader.rubric import read
from grader.run.memory import Peak

PLAIN = Oddity("", oddities.entry())
WHOLE = "everything solved"
"""The case of which a module may be lost: each is right without the other."""
BETWEEN_LOOKS = 2.0
"""Seconds between two looks at the memory: more often, looking would cost as much as grading."""
FORMULAS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Member:
    """One entry of the export: a case, and what is odd about it; of some there is nothing to grade."""

    key: str
    case: Case
    odd: Oddity

    @property
    def total(self) -> float | None:
        """Its known points."""
        if not self.odd.wraps:
            return self.odd.points
        kept = [row for row in read() if row.module not in self.odd.lost]
        return round(sum(round(row.points * self.case.of(row.name).share, 3) for row in kept), 3)


def members(size: int) -> list[Member]:
    """So many submissions that can be graded, or one for each oddity if these are more, and those that cannot."""
    everything = [case for case in all_cases((STYLES, HALVES, MUTANTS, ATTACKS)) if not case.needs]
    whole = next(case for case in everything if case.name == WHOLE)
    odd = all_oddities()
    size = max(size, sum(one.wraps for one in odd))
    chosen = list(islice(cycle(everything[:: max(1, len(everything) // size)]), size))
    random.Random(0).shuffle(chosen)  # any kind of case may have any oddity
    cases = iter(chosen)
    odd += [PLAIN] * (size - sum(one.wraps for one in odd))
    return [
        Member(f"submission_{number}", next(cases) if one.wraps and not one.lost else whole, one)
        for number, one in enumerate(odd)
    ]


def export(path: Path, entries: list[Member]) -> None:
    """Write the export."""
    table = "---\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, tempfile.TemporaryDirectory() as folder:
        for one in entries:
            place = Path(folder, one.key)
            place.mkdir()
            one.case.build(place)
            files = {str(file.relative_to(place)): file.read_bytes() for file in sorted(place.rglob("*.py"))}
            one.odd.pack(Place(archive, one.key), files)
            table += one.odd.table.replace("KEY", one.key)
        table += oddities.beside(archive)
        archive.writestr(f"{oddities.TOP}/{METADATA}", table.encode(errors="surrogateescape"))


def faults(one: Member, row: dict[str, str]) -> list[str]:
    """What is wrong in an entry's row of the gradebook."""
    found = [f"{points(row)} points, not {one.total}"] if points(row) != one.total else []
    found += [f"{name} is {row[name]!r}, not {cell!r}" for name, cell in one.odd.cells.items() if row[name] != cell]
    remark = one.odd.remark.replace("KEY", one.key)
    found += [f"no remark says {remark!r}"] if remark not in row["Remarks"] else []
    found += [f"{name} is a formula" for name, cell in row.items() if cell.startswith(FORMULAS)]
    return found


def points(row: dict[str, str]) -> float | None:
    """The total in a row."""
    return float(row["Total"]) if row["Total"] else None


def strays(folder: Path) -> list[str]:
    """What members of the export have written elsewhere, and links that were followed or made."""
    around = [Path("/"), Path("/tmp"), Path(tempfile.gettempdir()), Path.cwd(), ROOT, ROOT.parent]
    found = [*folder.rglob(oddities.OUTSIDE), *(one / oddities.OUTSIDE for one in around)]
    links = [one for one in folder.rglob("*") if one.is_symlink()]
    beside = [one for one in folder.iterdir() if one.name not in ("export.zip", "out")]
    return [f"{one} should not be there" for one in [*filter(os.path.lexists, found), *links, *beside]]


def compare(folder: Path, entries: list[Member]) -> tuple[int, int]:
    """Print what became of the oddities and all that is not as it is known; returns how many totals are, and faults."""
    rows = {row["Submission"]: row for row in table(folder / "out" / gradebook.NAME)}
    wrong = Counter[str]()
    for one in entries:
        row = rows.get(one.key, {})
        found = faults(one, row) if row else ["it has no row"]
        wrong[one.key] = len(found)
        name = f"{one.key} ({one.odd.what or one.case.name})"
        if row and one.odd.what:
            print(f"{name}: {row['Total'] or 'no'} points. {row['Remarks']}")
        for fault in found:
            print(f"WRONG: {name}: {fault}")
    of_people = Counter(row["Submission"] for row in table(folder / "out" / gradebook.BY_PERSON))
    others = strays(folder)
    others += [f"{one.key} stands {of_people[one.key]} times among people" for one in entries
               if of_people[one.key] != max(1, one.odd.people)]  # fmt: skip
    others += [f"{key} is no submission" for key in rows.keys() - {one.key for one in entries}]
    shown = (folder / "out" / page.NAME).read_text(encoding="utf-8")
    others += [f"the page does not say {words!r}" for words in oddities.BESIDE if words not in shown]
    others += ["the page has a script of a student's"] if shown.count("<script>") != 1 else []
    for other in others:
        print(f"WRONG: {other}")
    right = sum(one.key in rows and points(rows[one.key]) == one.total for one in entries)
    return right, wrong.total() + len(others)


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def the_usual_way(meter: Meter, cases: list[Case], at_once: int) -> Cost:
    """What these cost in processes of their own, so many at once, after one that is not counted."""
    # More threads than one would only cost it more.
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as out, ThreadPoolExecutor(at_once) as pool:

        def grade(number: int) -> None:
            command = [sys.executable, "-m", "benchmarks.the_usual_way", f"{out}/{number}", f"{out}/{number}.json"]
            subprocess.run(command, cwd=ROOT, check=True, env=environment)

        for number, case in enumerate(cases):
            Path(out, str(number)).mkdir()
            case.build(Path(out, str(number)))
        grade(0)
        before = meter.read()
        list(pool.map(grade, range(len(cases))))
        return meter.read() - before


def main() -> int:
    """Grade it and compare; returns 1 when anything is not as it is known."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=300, help="submissions with something to grade")
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--usual", type=int, default=8, help="right submissions that are graded in the usual way")
    parser.add_argument("--keep", type=Path, help="a new folder for the export and what is made of it")
    options = parser.parse_args()
    entries = members(options.size)
    graded = sum(one.total is not None for one in entries)
    with tempfile.TemporaryDirectory() as temporary, Meter() as meter:
        folder = options.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        export(folder / "export.zip", entries)
        words = ["class", str(folder / "export.zip"), "--out", str(folder / "out")]
        with Peak(BETWEEN_LOOKS) as peak:
            before = meter.read()
            code = command([*words, *(["--workers", str(options.workers)] if options.workers else [])])
            spent = meter.read() - before
        known, wrong = compare(folder, entries)
        at_once = len(os.sched_getaffinity(0))
        right = [case for case in all_cases((STYLES,)) if case.kind == STYLES][: options.usual]
        usual = the_usual_way(meter, right, at_once) if right else None
    each = spent.each(graded)
    print(f"{known} of {len(entries)} totals are the known ones; {wrong} faults in all; exit code {code}")
    print(f"  {graded} with a total, {len(entries) - graded} without, {sum(one.odd != PLAIN for one in entries)} odd")
    print(f"{graded} graded: {spent.wall:.0f} s of wall time; of {meter.counts}, each: {each}")
    print(f"largest memory of all processes: {peak.largest / 2**20:.0f} MB")
    if usual:
        theirs = usual.each(len(right))
        print(f"the usual way, {len(right)} right ones, {at_once} at once: {usual.wall:.0f} s; each: {theirs}")
        print(f"  {theirs.cpu / each.cpu:.1f} x our CPU, {theirs.wall / each.wall:.1f} x our wall time, each")
    return int(bool(wrong or code))


if __name__ == "__main__":
    sys.exit(main())
