"""The verb `template`: cut the students' files out of the reference.

A solution region runs from a line `# BEGIN SOLUTION <question>: <task>` to the next line `# END SOLUTION`.
The cut puts a `raise NotImplementedError` that names the question and the task in its place and keeps
everything else. An answer in a dictionary, `"<question>": <answer>,  # ANSWER: <task>`, becomes None, or an empty text.

TemplateError
├── RegionError    a mark is malformed, or a region is nested, unclosed, never opened, or missing altogether
└── DriftError     the files on disk are not what the reference gives
"""

import argparse
import difflib
import re
from collections.abc import Mapping
from pathlib import Path

from grader.errors import UserError
from grader.project import REFERENCE, TEMPLATE
from tests.support.homework.assignment import FILES, HELPERS

COPIED = (f"{HELPERS[0]}.py",)

LINE_LENGTH = 110
MARK = re.compile(r"#\s*(BEGIN|END)\s+SOLUTION", re.IGNORECASE)  # anything that looks like a mark must be one
BEGIN = re.compile(r"(?P<indent> *)# BEGIN SOLUTION (?P<question>\d+\.\d+): (?P<task>\S.*)")
END = re.compile(r" *# END SOLUTION")
ANSWER = re.compile(r"(?P<key> *\"\d+\.\d+\": )(?P<answer>True|False|\".*\"),  # ANSWER: (?P<task>\S.*)")
ANSWER_MARK = re.compile(r"#\s*ANSWER\b", re.IGNORECASE)


class TemplateError(UserError):
    """The template cannot be cut, or is not up to date."""


class RegionError(TemplateError):
    """A solution region of the reference is not well formed."""

    def __init__(self, file: str, line: int, problem: str) -> None:
        """Say what is wrong in which line (counted from 1) of the file."""
        super().__init__(f"{file}:{line}: {problem}")


class DriftError(TemplateError):
    """The template on disk differs from what the reference gives."""

    def __init__(self, folder: str, diff: str) -> None:
        """Say which folder, and keep the unified diff for who wants to see it."""
        super().__init__(f"{folder}/ has drifted: run `make template`.")
        self.diff = diff


def cut(source: str, file: str) -> str:
    """Return the source with a stub in place of each solution region; raises RegionError."""
    kept: list[str] = []
    opened = 0  # line of the BEGIN mark we are inside of, 0 outside
    for number, line in enumerate(source.splitlines(), start=1):
        if not MARK.search(line):
            if not opened:
                kept.append(_unanswered(line, file, number))
        elif begin := BEGIN.fullmatch(line):
            if opened:
                raise RegionError(file, number, f"a region begins inside the one that began in line {opened}")
            opened = number
            kept += _stub(begin["indent"], begin["question"], begin["task"])
        elif END.fullmatch(line):
            if not opened:
                raise RegionError(file, number, "a region ends that never began")
            opened = 0
        else:
            raise RegionError(file, number, f"not like `# BEGIN SOLUTION 4.1: <task>`: {line.strip()}")
    if opened:
        raise RegionError(file, opened, "the region that begins here is never closed")
    if len(kept) == len(source.splitlines()):
        raise RegionError(file, 1, "no solution region: students would receive the whole file")
    return "".join(line + "\n" for line in kept)


def _unanswered(line: str, file: str, number: int) -> str:
    """Return the line without the answer that it may hold; raises RegionError for a mark that does not fit."""
    if not ANSWER_MARK.search(line):
        return line
    found = ANSWER.fullmatch(line)
    if found is None:
        raise RegionError(file, number, f'not like `"2.2": True,  # ANSWER: <task>`: {line.strip()}')
    empty = '""' if found["answer"].startswith('"') else "None"
    return f"{found['key']}{empty},  # {found['task']}"


def _stub(indent: str, question: str, task: str) -> list[str]:
    """Return the lines that stand in for a solution, wrapped as a formatter would."""
    comment = f"{indent}# Question {question}: replace this statement by your solution."
    message = f'"{question} is not implemented yet: {task}"'
    statement = f"{indent}raise NotImplementedError({message})"
    if len(statement) <= LINE_LENGTH:
        return [comment, statement]
    return [comment, f"{indent}raise NotImplementedError(", f"{indent}    {message}", f"{indent})"]


def build(reference: Path = REFERENCE) -> dict[str, str]:
    """Return the text of each of the students' files, by name; raises RegionError."""
    files = {name: cut((reference / name).read_text("utf-8"), name) for name in FILES}
    return files | {name: (reference / name).read_text("utf-8") for name in COPIED}


def check(files: Mapping[str, str], folder: Path) -> None:
    """Raise DriftError, with a unified diff, unless the Python files in the folder are exactly these."""
    on_disk = {path.name: path.read_text("utf-8") for path in folder.glob("*.py")}
    diff: list[str] = []
    for name in sorted(files.keys() | on_disk.keys()):
        before, after = (texts.get(name, "").splitlines(keepends=True) for texts in (on_disk, files))
        diff += difflib.unified_diff(before, after, f"{folder.name}/{name}", f"cut from reference/{name}")
    if diff:
        raise DriftError(folder.name, "".join(diff))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Write, or only compare."""
    parser.add_argument("--check", action="store_true", help="write nothing; show a diff on drift, which is an error")


def run(options: argparse.Namespace) -> int:
    """Write student_template/, or compare it with --check; raises TemplateError."""
    files = build()
    if options.check:
        try:
            check(files, TEMPLATE)
        except DriftError as drift:
            print(drift.diff, end="")
            raise
        return 0
    TEMPLATE.mkdir(exist_ok=True)
    for name, text in files.items():
        (TEMPLATE / name).write_text(text, "utf-8")
    return 0
