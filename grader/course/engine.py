"""Grade a class: so many supervising threads, each with its way to grade one submission, and a journal.

Nothing is begun by a thread before what it has finished is on the disk. A submission that cannot be graded is a reason,
and never costs another.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from grader.course.bench import GradeOne, NotGraded, Task
from grader.course.journal import Journal, Key
from grader.errors import CourseError
from tests.support.observations import printable


class Listener(Protocol):
    """Hears how the class gets on; called by one thread at a time."""

    def began(self, task: Task) -> None:
        """A submission is being graded."""

    def ended(self, task: Task, reason: str, outcome: bytes = b"") -> None:
        """It has this outcome, or the reason why it has none."""


class Silent:
    """Listens to nothing."""

    def began(self, task: Task) -> None:
        """Say nothing."""

    def ended(self, task: Task, reason: str, outcome: bytes = b"") -> None:
        """Say nothing."""


@dataclass
class Outcomes:
    """What is known of a class: whose outcomes the journal has, reasons by entry, and whether all of it was tried."""

    graded: set[str] = field(default_factory=set)
    reasons: dict[str, str] = field(default_factory=dict)
    complete: bool = False
    repeated: int = 0


Place = Callable[[int], AbstractContextManager[GradeOne]]
"""Makes what grades for a thread, by the thread's number."""


def grade(
    tasks: Sequence[Task],
    journal: Journal,
    grader: str,
    place: Place,
    workers: int,
    stop: threading.Event,
    listener: Listener | None = None,
) -> Outcomes:
    """Grade what the journal does not have yet; ends early, with what is there, when `stop` is set.

    Raises `CourseError` when the journal cannot be written.
    """
    listener = listener or Silent()
    outcomes = Outcomes()
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    for task in tasks:
        if journal.has(key(task, grader)):
            outcomes.graded.add(task.entry)
            outcomes.repeated += 1
        else:
            waiting.put(task)
    lock, failures = threading.Lock(), list[BaseException]()

    def supervise(number: int) -> None:
        try:
            with place(number) as grade_one:
                while not stop.is_set():
                    try:
                        task = waiting.get_nowait()
                    except queue.Empty:
                        return
                    with lock:
                        listener.began(task)
                    reason, outcome = _grade(task, grade_one, journal, grader, outcomes)
                    with lock:
                        listener.ended(task, reason, outcome)
        except BaseException as error:
            failures.append(error)
            stop.set()

    threads = [
        threading.Thread(target=supervise, args=(number,), daemon=True)
        for number in range(min(workers, waiting.qsize()))
    ]
    for thread in threads:
        thread.start()
    _join(threads)
    if failures:
        raise failures[0]
    outcomes.complete = len(outcomes.graded) + len(outcomes.reasons) == len(tasks)
    return outcomes


def key(task: Task, grader: str) -> Key:
    """Under which the journal has the outcome of a task."""
    return Key(task.entry, task.files, grader, task.seed)


def _grade(task: Task, grade_one: GradeOne, journal: Journal, grader: str, outcomes: Outcomes) -> tuple[str, bytes]:
    """Grade one submission and keep the outcome; returns why there is none, or nothing, and the outcome."""
    try:
        outcome = grade_one(task)
    except Exception as error:  # whatever one submission has led to, the others are graded
        known = isinstance(error, NotGraded)
        reason = printable(str(error) if known else f"{type(error).__name__}: {error}", 300)
        outcomes.reasons[task.entry] = f"The grader failed: {reason}"
        return outcomes.reasons[task.entry], b""
    journal.add(key(task, grader), outcome)
    outcomes.graded.add(task.entry)
    return "", outcome


def _join(threads: Iterable[threading.Thread]) -> None:
    """Wait for all, in steps in which the main thread can hear a signal."""
    for thread in threads:
        while thread.is_alive():
            thread.join(0.2)


def part(tasks: Sequence[Task], shard: str) -> list[Task]:
    """The tasks of part `i/n` of a class; raises `CourseError` for what is no part."""
    number, _, of = shard.partition("/")
    if not (number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
        raise CourseError(f"{shard} is no part of a class: write 3/8 for the third of eight.")
    return [task for place, task in enumerate(tasks) if place % int(of) == int(number) - 1]
