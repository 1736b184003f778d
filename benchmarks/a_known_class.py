"""A class whose points are known, as one export: `python -m benchmarks.a_known_class --size 300` (as root).

Styles, half-finished work, mutants and attacks of the audit, with entries that have no folder, empty folders and
members that lead outside between them. Prints every total that is not the known one, the wall time, what each
submission costs, and the largest memory of all processes together.
"""

from __future__ import annotations

import argparse
import csv
import sys
import tempfile
import zipfile
from pathlib import Path

from benchmarks.meter import Meter
from grader.__main__ import main as command
from grader.audit.cases import ATTACKS, HALVES, MUTANTS, STYLES, Case, all_cases
from grader.course.gradebook import NAME
from grader.rubric import read
from grader.run.memory import Peak

ENTRY = """submission_{number}:
  :submitters:
  - :name: "{name}"
    :sid: '{number:09}'
  :created_at: 2026-04-16 04:59:58.861687000 Z
"""
EVERY = 25
"""After so many submissions comes an entry without a folder, and an empty folder."""


def export(path: Path, chosen: list[Case]) -> dict[str, float | None]:
    """Write the export; returns the known total of each entry, None where there is nothing to grade."""
    rows, known = read(), dict[str, float | None]()
    metadata = "---\n"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, tempfile.TemporaryDirectory() as folder:
        for number, case in enumerate(chosen):
            place = Path(folder, str(number))
            place.mkdir()
            case.build(place)
            for file in sorted(place.rglob("*.py")):
                archive.write(file, f"assignment_7_export/submission_{number}/{file.relative_to(place)}")
            metadata += ENTRY.format(number=number, name=f"<b>{case.kind}</b> {case.name}")
            known[f"submission_{number}"] = round(
                sum(round(row.points * case.of(row.name).share, 3) for row in rows), 3
            )
            if number % EVERY == 0:
                gone, empty = 10_000 + number, 20_000 + number
                metadata += ENTRY.format(number=gone, name="Gone") + ENTRY.format(number=empty, name="=Empty()")
                archive.writestr(f"assignment_7_export/submission_{empty}/.DS_Store", "")
                archive.writestr(f"assignment_7_export/submission_{number}/../../outside{number}.py", "x")
                known |= {f"submission_{gone}": None, f"submission_{empty}": None}
        archive.writestr("assignment_7_export/submission_metadata.yml", metadata)
    return known


def main() -> int:
    """Grade it and compare; returns 1 when a total is not the known one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=300)
    parser.add_argument("--workers", type=int, default=0)
    options = parser.parse_args()
    everything = [case for case in all_cases((STYLES, HALVES, MUTANTS, ATTACKS)) if not case.needs]
    step = max(1, len(everything) // options.size)
    chosen = everything[::step][: options.size]
    with tempfile.TemporaryDirectory() as folder, Peak() as peak, Meter() as meter:
        known = export(Path(folder, "export.zip"), chosen)
        words = ["class", str(Path(folder, "export.zip")), "--out", str(Path(folder, "out"))]
        before = meter.read()
        code = command([*words, *(["--workers", str(options.workers)] if options.workers else [])])
        spent = meter.read() - before
        with Path(folder, "out", NAME).open(encoding="utf-8", newline="") as file:
            totals = {row["Submission"]: float(row["Total"]) if row["Total"] else None for row in csv.DictReader(file)}
    wrong = [name for name, total in known.items() if totals.get(name, -1.0) != total]
    for name in wrong:
        number = int(name.partition("_")[2])
        case = chosen[number].name if number < len(chosen) else "an oddity"
        print(f"{name} ({case}): {totals.get(name)} points, not {known[name]}")
    print(f"{len(known) - len(wrong)} of {len(known)} totals are the known ones; exit code {code}")
    print(f"{spent.wall:.0f} s of wall time; of {meter.counts}, a submission: {spent.each(len(chosen))}")
    print(f"largest memory of all processes: {peak.largest / 2**20:.0f} MB")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
