"""How a class gets on: lines that renew themselves on a terminal, one line for each submission elsewhere."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from grader import rubric
from grader.course.bench import Task
from grader.course.outcome import read
from grader.report.terminal import first_reason
from grader.rubric import graded

MOST_NAMED = 4
"""Submissions that are being graded, of those that are named."""


class Shown:
    """Shows what is done, what runs, what has failed, and the time left."""

    def __init__(self, console: Console, total: int, known: int) -> None:
        self.console = console
        self.total = total
        self.done = known
        self.failed = 0
        self.running: list[str] = []
        self.rows = rubric.read()
        self.line = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("left"), TimeRemainingColumn(), console=console, transient=True, disable=not console.is_terminal,
        )  # fmt: skip
        self.bar: TaskID | None = None

    def __enter__(self) -> Shown:
        self.line.start()
        self.bar = self.line.add_task("grading", total=self.total, completed=self.done)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.line.stop()

    def began(self, task: Task) -> None:
        """A submission is being graded."""
        self.running.append(task.entry)
        self._renew()

    def ended(self, task: Task, reason: str, outcome: bytes = b"") -> None:
        """It has this outcome, or the reason why it has none."""
        self.running.remove(task.entry)
        self.done += 1
        self.failed += bool(reason)
        self._renew()
        if reason or not self.console.is_terminal:
            said = f"{self.done} of {self.total}: {task.entry}: {reason or self._graded(outcome)}"
            self.console.print(said, markup=False, highlight=False, soft_wrap=True)

    def _graded(self, outcome: bytes) -> str:
        """The points of an outcome, and why the first of those that are missing is."""
        if not outcome:
            return "graded"
        checks = read(outcome).checks
        points = sum(row.points * checks[row.name].credit for row in self.rows if row.name in checks)
        failed = [
            (row.number, checks[row.name].status, checks[row.name].text)
            for row in self.rows
            if row.name in checks and row.points and not row.by_hand
        ]
        return f"{round(points, 3):g} of {graded(self.rows):g} points  {first_reason(failed) or 'all checks pass'}"

    def _renew(self) -> None:
        more = f" and {len(self.running) - MOST_NAMED} more" if len(self.running) > MOST_NAMED else ""
        failed = f"{self.failed} failed; " if self.failed else ""
        if self.bar is not None:
            said = f"{failed}{', '.join(self.running[:MOST_NAMED])}{more}"
            self.line.update(self.bar, description=said.replace("[", "\\["), completed=self.done)
