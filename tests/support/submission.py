"""The one seam between the suites and a student's code: `Submission`, the fixture of every check.

Each method asks for one observation of the vocabulary and returns it typed, or raises the verdict that explains why
it could not be had. The same observation is asked for only once.
"""

from __future__ import annotations

import builtins
import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

import msgspec
import numpy as np

from tests.support import remarks
from tests.support.homework import assignment
from tests.support.observations import BadReply, Failure, parse, printable
from tests.support.transports import Caught, Transport
from tests.support.verdicts import (
    Advice,
    Blocked,
    Crashed,
    NotImplementedYet,
    OutOfMemory,
    SubmissionRaised,
    TimedOut,
    Verdict,
)

Observation = TypeVar("Observation")
Conclusion = TypeVar("Conclusion")

LARGEST_MEMORY = 48 * 2**20
"""Bytes of arrays in the answers that are kept; the oldest are let go, and asked for again if they are needed."""

_NOT_ASCII = re.compile(r"[^\x20-\x7e]")
_LONGEST_QUOTE = 304
_BUILTIN_EXCEPTIONS = {
    name for name, value in vars(builtins).items() if isinstance(value, type) and issubclass(value, BaseException)
}


class Answers:
    """The answers to what was asked, by question: typed observations, or why there are none."""

    def __init__(self, most: int = LARGEST_MEMORY) -> None:
        self._most = most
        self._kept: dict[str, tuple[Any, int]] = {}

    def __contains__(self, question: str) -> bool:
        return question in self._kept

    def __getitem__(self, question: str) -> Any:
        return self._kept[question][0]

    def keep(self, question: str, answer: Any) -> None:
        """Keep an answer, and of the others the latest that there is room for."""
        self._kept[question] = (answer, _size(answer))
        excess = sum(size for _, size in self._kept.values()) - self._most
        for oldest in list(self._kept)[:-1]:
            if excess <= 0:
                break
            excess -= self._kept.pop(oldest)[1]


class Submission:
    """A student's files, seen through a transport.

    `seed` shifts every seed of every observation (0 for grading: verdicts are then reproducible). `quote` is whether a
    student's own words (exception texts) may stand in a message; hidden checks set it to False.
    """

    def __init__(self, transport: Transport, seed: int = 0, quote: bool = True) -> None:
        self.transport = transport
        self.seed = seed
        self.quote = quote
        self.notes: list[str] = []
        self.advice: Advice | None = None
        self.for_people = ""
        self.looked = False
        self._known = Answers()
        self._concluded: dict[str, Any] = {}
        self._told: set[str] = set()

    def note(self, text: str) -> None:
        """Keep a remark for the student, shown whether or not the check passes."""
        if text and text not in self.notes:
            self.notes.append(text)

    def advise(self, advice: Advice) -> None:
        """Give advice instead of a verdict: the check passes, and its row says this."""
        self.advice = advice

    def leave_to_people(self, text: str) -> None:
        """Judge nothing: a person grades this, and the check's row says what they look for."""
        self.for_people = text

    def quoting(self, quote: bool) -> Submission:
        """The same submission, with another rule for the student's own words."""
        other = Submission(self.transport, self.seed, quote)
        other._known, other._concluded, other._told = self._known, self._concluded, self._told
        return other

    def once(self, key: str, conclude: Callable[[], Conclusion]) -> Conclusion:
        """What follows from the observations, concluded once for all checks; a verdict that it raises is not kept."""
        if key not in self._concluded:
            self._concluded[key] = conclude()
        return cast(Conclusion, self._concluded[key])

    def observe(
        self, expected: type[Observation], module: str, operation: str, seed: int = 0, **arguments: Any
    ) -> Observation:
        """One observation, typed; raises the `Verdict` that says why there is none."""
        self.looked = True
        arguments["seed"] = self.seed * 1_000_003 + seed
        key = f"{module} {operation} {_key(arguments)}"
        if key in self._known:
            answer = self._known[key]
        else:
            answer = self._ask(expected, module, operation, arguments)
            self._known.keep(key, answer)
        self._tell_of_the_surroundings(module)
        if isinstance(answer, Failure):
            raise self.verdict(answer, module) from (answer.error if isinstance(answer, Caught) else None)
        if isinstance(answer, BadReply):
            told = f" ({_quoted(str(answer))})" if self.quote else ""  # it may name what a student's process has named
            raise Crashed(f"Your code's process sent an answer that is not a measurement{told}.")
        return answer

    def _tell_of_the_surroundings(self, module: str) -> None:
        """Note, once, how the import of a module ended, and what was met half way in it."""
        if module in self.transport.interrupted and module not in self._told:
            self._told.add(module)
            self.note(
                f"While {module}.py was imported: {self.verdict(self.transport.interrupted[module], module)}\n"
                "What it had defined until then was graded. Code that trains or draws belongs under "
                '`if __name__ == "__main__":`.'
            )
        for remark in self.transport.remarks.get(module, []):
            if (told := f"{module} {remark}") not in self._told:
                self._told.add(told)
                self.note(remarks.sentence(remark, self.quote))

    def _ask(
        self, expected: type[Observation], module: str, operation: str, arguments: dict[str, Any]
    ) -> Observation | Failure | BadReply:
        answer = self.transport.observe(module, operation, arguments)
        if isinstance(answer, Failure):
            return answer
        try:
            return parse(expected, answer)
        except BadReply as error:
            return error

    def verdict(self, failure: Failure, module: str) -> Verdict:
        """A failed observation in the student's words: what happened, and where."""
        known = failure.file in assignment.FILES and 0 < failure.line < 100_000
        where = f" ({failure.file}, line {failure.line})" if known else ""
        name = failure.exception if failure.exception in _BUILTIN_EXCEPTIONS else "an exception of its own"
        tells = self.quote and failure.message and not remarks.is_of_no_gpu(failure.message)
        said = f": {_quoted(failure.message)}" if tells else ""
        meaning = remarks.explanation(failure.exception, failure.message, module, self.quote)
        means = f"\n{meaning}" if meaning else ""
        match failure.kind:
            case "not_implemented":
                question = failure.question if failure.question in assignment.QUESTIONS else ""
                what = f"Not implemented yet: {question}" if question else "Not implemented yet"
                return NotImplementedYet(f"{what}{where}.")
            case "missing":
                return Blocked(f"{module}.py is not among the submitted files. Submit it under exactly this name.")
            case "undefined":
                defined = failure.message in assignment.DEFINED[module]
                name = failure.message if defined else "what the handout asks for"
                return NotImplementedYet(f"{module}.py does not define {name}.")
            case "import_failed":
                return Blocked(f"{module}.py cannot be imported: {name}{where}{said}{means}")
            case "still_running":
                return TimedOut(f"It was still running when its time was over{where}.")
            case "timed_out":
                return TimedOut(failure.message)
            case "out_of_memory":
                return OutOfMemory(failure.message)
            case "crashed":
                return Crashed(failure.message)
            case "blocked":
                return Blocked(failure.message)
            case _:
                return SubmissionRaised(f"Your code raised {name}{where}{said}{means}", failure.message)


def _quoted(text: str) -> str:
    """A student's words as one short line of ASCII."""
    return _NOT_ASCII.sub("?", printable(text, _LONGEST_QUOTE))


def _size(answer: Any) -> int:
    """Bytes of the arrays in an answer, and a few for everything else."""
    if isinstance(answer, np.ndarray):
        return answer.nbytes
    if isinstance(answer, (list, tuple)):
        return 64 + sum(map(_size, answer))
    if isinstance(answer, msgspec.Struct):
        return 64 + sum(_size(getattr(answer, name)) for name in answer.__struct_fields__)
    return 64


def _key(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{hash(value.tobytes())}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}:{_key(one)}" for name, one in sorted(value.items())) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_key, value)) + "]"
    return repr(value)
