"""What a student reads when an observation fails, what is asked only once, and how a verdict is put together."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from tests.support.observations import Failure
from tests.support.submission import Submission, _quoted
from tests.support.verdicts import (
    Advice,
    Blocked,
    Crashed,
    NotImplementedYet,
    OutOfMemory,
    Status,
    SubmissionRaised,
    TimedOut,
    Verdict,
    Wrong,
    order_of,
)

HERE = {"file": "hw5_gan.py", "line": 12}
RAISED = Failure("raised", "its words", "ValueError", **HERE)


class Seen(msgspec.Struct):
    """An observation of one number."""

    value: float


class Answering:
    """A transport that gives the same answer always, and counts how often it is asked."""

    def __init__(self, answer: dict[str, Any] | Failure) -> None:
        self.answer = answer
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.interrupted: dict[str, Failure] = {}
        self.remarks: dict[str, list[str]] = {}

    def observe(self, module: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | Failure:
        self.asked.append((module, operation, dict(arguments)))
        return self.answer


@pytest.mark.parametrize(
    ("failure", "kind", "text"),
    [
        (Failure("not_implemented", question="4.1", **HERE), NotImplementedYet,
         "Not implemented yet: 4.1 (hw5_gan.py, line 12)."),
        (Failure("not_implemented", question="5.3"), NotImplementedYet, "Not implemented yet: 5.3."),
        (Failure("not_implemented", question="6.1"), NotImplementedYet, "Not implemented yet."),
        (Failure("not_implemented", question="4.7"), NotImplementedYet, "Not implemented yet."),
        (Failure("not_implemented", question="4.1, or else"), NotImplementedYet, "Not implemented yet."),
        (Failure("missing"), Blocked,
         "hw5_gan.py is not among the submitted files. Submit it under exactly this name."),
        (Failure("undefined", "GNet"), NotImplementedYet, "hw5_gan.py does not define GNet."),
        (Failure("undefined", "20 points"), NotImplementedYet, "hw5_gan.py does not define what the handout asks for."),
        (Failure("import_failed", "its words", "ValueError", **HERE), Blocked,
         "hw5_gan.py cannot be imported: ValueError (hw5_gan.py, line 12): its words"),
        (Failure("timed_out", "too slow"), TimedOut, "too slow"),
        (Failure("out_of_memory", "too large"), OutOfMemory, "too large"),
        (Failure("crashed", "gone"), Crashed, "gone"),
        (Failure("blocked", "no file"), Blocked, "no file"),
        (RAISED, SubmissionRaised, "Your code raised ValueError (hw5_gan.py, line 12): its words"),
        (Failure("raised", "x", "Passed", "hw5_gan.py", 12), SubmissionRaised,
         "Your code raised an exception of its own (hw5_gan.py, line 12): x"),
        (Failure("raised", "x", "KeyError", "other.py", 12), SubmissionRaised, "Your code raised KeyError: x"),
        (Failure("raised", "x", "KeyError", "hw5_diffusion.py", 99_999), SubmissionRaised,
         "Your code raised KeyError (hw5_diffusion.py, line 99999): x"),
        (Failure("raised", "x", "KeyError", "hw5_gan.py", 100_000), SubmissionRaised, "Your code raised KeyError: x"),
        (Failure("raised", "x", "KeyError", "hw5_gan.py", 0), SubmissionRaised, "Your code raised KeyError: x"),
        (Failure("raised", "", "KeyError", "hw5_gan.py", 1), SubmissionRaised,
         "Your code raised KeyError (hw5_gan.py, line 1)"),
    ],
)  # fmt: skip
def test_a_failure_is_told_in_the_student_s_words(failure: Failure, kind: type[Verdict], text: str):
    with pytest.raises(kind) as told:
        Submission(Answering(failure)).observe(Seen, "hw5_gan", "an operation")
    assert str(told.value) == text


def test_where_nothing_may_be_quoted_the_exception_is_named_without_its_words():
    submission = Submission(Answering(RAISED)).quoting(False)
    with pytest.raises(SubmissionRaised) as told:
        submission.observe(Seen, "hw5_gan", "an operation")
    assert str(told.value) == "Your code raised ValueError (hw5_gan.py, line 12)"


def test_the_same_observation_is_asked_for_once_also_by_one_that_quotes_differently():
    transport = Answering({"value": 0.5})
    submission = Submission(transport)
    other = submission.quoting(False)
    for one in (submission, other, submission):
        assert one.observe(Seen, "hw5_gan", "look", x=np.zeros(2), names=["a"]).value == 0.5
    assert len(transport.asked) == 1
    assert (other.quote, other.seed, other.transport) == (False, submission.seed, transport)


@pytest.mark.parametrize(
    "other",
    [
        {"x": np.ones(2)},
        {"x": np.zeros(3)},
        {"x": np.zeros((2, 1))},
        {"x": np.zeros(2, dtype=np.float32)},
        {"x": np.zeros(2), "seed": 1},
        {"x": np.zeros(2), "y": 1},
        {"x": [0.0, 0.0]},
        {"x": {"x": np.zeros(2)}},
    ],
)
def test_another_argument_is_another_observation(other: dict[str, Any]):
    transport = Answering({"value": 0.5})
    submission = Submission(transport)
    submission.observe(Seen, "hw5_gan", "look", x=np.zeros(2))
    submission.observe(Seen, "hw5_gan", "look", **other)
    assert len(transport.asked) == 2


def test_the_seed_of_a_submission_shifts_every_seed():
    transport = Answering({"value": 0.5})
    Submission(transport, seed=2).observe(Seen, "hw5_gan", "look", seed=3)
    Submission(transport).observe(Seen, "hw5_gan", "look", seed=3)
    assert [arguments["seed"] for _, _, arguments in transport.asked] == [2_000_009, 3]


def test_an_answer_of_another_shape_is_no_measurement():
    with pytest.raises(Crashed, match="sent an answer that is not a measurement"):
        Submission(Answering({"value": "high"})).observe(Seen, "hw5_gan", "look")


def test_an_interrupted_import_is_noted_once():
    transport = Answering({"value": 0.5})
    submission = Submission(transport)
    transport.interrupted["hw5_gan"] = RAISED
    for operation in ("look", "look again"):
        submission.observe(Seen, "hw5_gan", operation)
    assert submission.notes == [
        "While hw5_gan.py was imported: Your code raised ValueError (hw5_gan.py, line 12): its words\n"
        "What it had defined until then was graded. Code that trains or draws belongs under "
        '`if __name__ == "__main__":`.'
    ]


def test_a_note_stands_once_and_advice_is_kept():
    submission = Submission(Answering({}))
    for text in ("one", "two", "one"):
        submission.note(text)
    assert submission.notes == ["one", "two"]
    advice = Advice("try more", 0.5)
    submission.advise(advice)
    assert submission.advice is advice


@pytest.mark.parametrize(
    ("said", "shown"),
    [("one\ntwo\t three", "one two three"), ("\x1b[31mred", "?[31mred"), ("é", "?"), ("x" * 304, "x" * 304),
     ("x" * 305, "x" * 300 + " ..."), ("~ ok", "~ ok")],
)  # fmt: skip
def test_a_student_s_words_are_one_short_printable_line(said: str, shown: str):
    assert _quoted(said) == shown


def test_each_verdict_has_its_word_and_earns_nothing():
    words = {kind: str(kind.status) for kind in (Verdict, *Verdict.__subclasses__())}
    assert words == {
        Verdict: "failed",
        NotImplementedYet: "not implemented",
        Blocked: "blocked",
        SubmissionRaised: "failed",
        TimedOut: "timed out",
        OutOfMemory: "out of memory",
        Crashed: "crashed",
        Wrong: "failed",
    }
    assert {kind.credit for kind in words} == {0.0}
    assert len({str(status) for status in Status}) == len(Status) == 11


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("Distance to the digits", "asc"),
        ("error of the score", "asc"),
        ("final LOSS", "asc"),
        ("share of digits", "desc"),
    ],
)
def test_a_leaderboard_sorts_what_should_be_small_from_the_smallest(name: str, order: str):
    assert order_of(name) == order
