"""The questions of 2.2 and 3 that ask for True or False."""

from __future__ import annotations

from tests.support.observed.written import QUESTIONS, Answers, answers
from tests.support.submission import Submission
from tests.support.verdicts import NotImplementedYet, wrong

MEANT = {"True": True, "False": False, "1": True, "0": False}
LOOK_AT = "the dictionary ANSWERS in hw5_written.py"
NUMBERS_REMARK = "You answer with 1 or 0; True and False say what you mean."


def require_answers(submission: Submission) -> Answers:
    """All five answers, each a bool; raises a `Verdict` that names those which are not."""
    given = answers(submission)
    if not given.is_dictionary:
        raise wrong("ANSWERS is not a dictionary.", "It has True or False for each question.", look_at=LOOK_AT)
    open_ones = [key for key, word in zip(QUESTIONS, given.words, strict=True) if word in ("none", "missing")]
    if len(open_ones) == len(QUESTIONS):
        raise NotImplementedYet("Not implemented yet: ANSWERS has no answer.")
    others = [key for key, word in zip(QUESTIONS, given.words, strict=True) if word == "other"]
    if others:
        raise wrong(
            f"The answer to {_listed(others)} is neither True nor False.",
            "A string is none of them, also if it reads 'True' or 'False'.",
            look_at=LOOK_AT,
        )
    if open_ones:
        raise wrong(f"There is no answer to {_listed(open_ones)}.", "It should be True or False.", look_at=LOOK_AT)
    if {"0", "1"} & set(given.words):
        submission.note(NUMBERS_REMARK)
    return given


def judge_answer(submission: Submission, question: str, right: bool, open_to_reasons: bool = False) -> None:
    """Raise unless the question is answered rightly; another answer with a reason may be one for a person."""
    given = answers(submission)
    if not given.is_dictionary:
        raise wrong("ANSWERS is not a dictionary.", "It has True or False for each question.", look_at=LOOK_AT)
    place = QUESTIONS.index(question)
    word = given.words[place]
    if word in ("none", "missing"):
        raise NotImplementedYet(f"Not implemented yet: {question} has no answer.")
    if word == "other":
        raise wrong(f"The answer to {question} is neither True nor False.", look_at=LOOK_AT)
    if word in ("0", "1"):
        submission.note(NUMBERS_REMARK)
    if MEANT[word] == right:
        return
    if open_to_reasons and given.reasons[place]:
        submission.leave_to_people(
            f"You answer {question} with {MEANT[word]} and give a reason: a person reads it before it counts."
        )
        return
    raise wrong(f"The answer to {question} is not {MEANT[word]}.", look_at=f"Question {question}")


def _listed(questions: list[str]) -> str:
    return ", ".join(questions)
