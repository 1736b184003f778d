"""The class page: one file that loads nothing, with its own lines of script and no others allowed."""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from grader.course import figures, gradebook
from grader.course.files import put
from grader.course.gradebook import Line
from grader.report import page
from grader.report.templates import environment
from grader.rubric import Row, graded

NAME, ARCHIVE = "report.html", "class.zip"
STUDENTS, STAFF, RESULTS = "students", "staff", "results"
MOST_NAMED = 12
"""Of those who made a mistake, how many are listed at once; the others are behind a line to open."""


def class_page(title: str, lines: Sequence[Line], rows: Sequence[Row], remarks: Sequence[str], complete: bool) -> str:
    """The page as text; whatever students have chosen is escaped in it."""
    possible, points = graded(list(rows)), figures.totals(lines, rows)
    in_force, missing = figures.protections(lines)
    of_checks = figures.checks(lines, rows)
    counted = [row for row in rows if row.points and not row.by_hand]
    questions = [(number, list(of)) for number, of in groupby(counted, key=lambda row: row.number)]
    earned = [(line, [_earned(line, of) for _, of in questions]) for line in lines]
    text = (
        environment(Path(__file__).parent)
        .get_template("class.html.j2")
        .render(
            title=title,
            complete=complete,
            lines=lines,
            rows=rows,
            possible=possible,
            points=points,
            median=figures.quantile(points, 0.5),
            mean=sum(points) / len(points) if points else 0.0,
            bins=figures.distribution(points, possible),
            checks=of_checks,
            common=_common(of_checks)[:12],
            clusters=figures.clusters(lines, rows),
            attempts=figures.attempts(lines, rows),
            questions=[number for number, _ in questions],
            earned=earned,
            in_force=in_force,
            missing=missing,
            remarks=remarks,
            flagged=[line for line in lines if line.remarks],
            most_named=MOST_NAMED,
        )
    )
    return _sealed(text)


def _common(checks: Sequence[figures.OfCheck]) -> list[tuple[figures.Mistake, figures.OfCheck]]:
    """The commonest named mistakes of all checks, each with the check that names it most often."""
    found: dict[str, list[tuple[figures.Mistake, figures.OfCheck]]] = {}
    for check in checks:
        for mistake in check.mistakes:
            found.setdefault(mistake.said, []).append((mistake, check))
    common = []
    for said, named in found.items():
        who = {line.entry.key: line for mistake, _ in named for line in mistake.who}
        most = max(named, key=lambda one: len(one[0].who))[1]
        common.append((figures.Mistake(said, list(who.values())), most))
    return sorted(common, key=lambda one: -len(one[0].who))


def _earned(line: Line, of: Sequence[Row]) -> float | None:
    """Points of a question; None where nothing of it was graded."""
    points = [one for row in of if (one := line.points(row)) is not None]
    return round(sum(points), 3) if points else None


def _sealed(text: str) -> str:
    """The page with a policy that allows its own style and script, by their hashes, and nothing else."""
    hashes = {}
    for tag in ("style", "script"):
        content = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        hashes[tag] = " ".join(
            f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in content
        )
    policy = f"default-src 'none'; style-src {hashes['style']}; script-src {hashes['script']}"
    return text.replace("CONTENT-POLICY", policy, 1)


def write(
    out: Path, title: str, lines: Sequence[Line], rows: Sequence[Row], remarks: Sequence[str], complete: bool
) -> Path:
    """Write the class page, and with all else that is there already one zip; returns the page's path."""
    path = out / NAME
    put(path, class_page(title, lines, rows, remarks, complete))
    if complete:
        _archive(out, lines)
    return path


def write_student(out: Path, line: Line) -> None:
    """Write the result of one submission that has an outcome, the page for its student and that for the staff."""
    assert line.outcome is not None
    document = line.outcome.results()
    put(out / RESULTS / f"{line.entry.key}.json", line.outcome.document)
    put(out / STUDENTS / f"{line.entry.key}.html", page.page(document, page.STUDENT, line.entry.shown))
    put(out / STAFF / f"{line.entry.key}.html", page.page(document, page.STAFF, line.entry.shown))


def _archive(out: Path, lines: Sequence[Line]) -> None:
    """Everything that is worth keeping, as one zip."""
    names = [NAME, gradebook.NAME, gradebook.BY_PERSON, gradebook.LINES]
    for line in lines:
        if line.outcome is not None:
            names += [f"{folder}/{line.entry.key}.html" for folder in (STUDENTS, STAFF)]
            names.append(f"{RESULTS}/{line.entry.key}.json")
    temporary = out / f".{ARCHIVE}"
    temporary.touch(mode=0o600)
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.write(out / name, name)
    temporary.replace(out / ARCHIVE)
