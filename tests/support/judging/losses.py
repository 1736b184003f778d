"""The two GAN losses: a mistake is named and charged on ordinary batches, and all else is judged under it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.support.homework import losses as known
from tests.support.homework.assignment import GAN
from tests.support.judging import loss_diagnosis, loss_words
from tests.support.judging.loss_diagnosis import (
    ADDITION,
    FORMULA,
    GRADIENT,
    IMAGES,
    LATENTS,
    OWNERS,
    PATH,
    RESULT,
    SIZE,
    UNEXPLAINED,
)
from tests.support.judging.loss_evidence import Evidence, evidence, given_rows_of_z, path, result
from tests.support.judging.recognition import Diagnosis, Hypothesis, bill, carried, carries_forward
from tests.support.observed.losses import (
    ORDINARY,
    Draw,
    LossObservation,
    discriminator_loss,
    generator_loss,
    images,
)
from tests.support.observed.networks import execution
from tests.support.submission import Submission
from tests.support.verdicts import NotImplementedYet, SubmissionRaised, Verdict, Wrong, wrong

SMALL, LARGE = Draw(7, ORDINARY), Draw(256, ORDINARY)
"""Two ordinary batches: a reading that is recognised explains both."""


@dataclass(frozen=True)
class Loss:
    """The loss of question 4.4 or 4.5, scored by logits `(N, 1)`, or `(N,)` if `flat`."""

    submission: Submission
    question: str
    flat: bool = False

    def of(self, draw: Draw, seed: int = 0) -> LossObservation:
        """What it is for a draw; raises `NotImplementedYet` for a stub, or what the student's code raised."""
        observe = discriminator_loss if self.question == "4.4" else generator_loss
        seen = observe(self.submission, draw, self.flat, seed)
        if seen.kind == "none":
            raise NotImplementedYet(f"Not implemented yet: {self.question} (the loss is None).")
        return seen

    def evidence(self, draw: Draw) -> Evidence:
        """What it is for a draw, image by image."""
        return evidence(self.of(draw), draw, self.question)

    def diagnosis(self) -> Diagnosis:
        """What explains it on both batches; nothing where it could not be had."""
        credits = loss_diagnosis.credits_of(self.question)
        return self.submission.once(f"loss {self.question} {self.flat} {credits}", self._diagnosis)

    def _diagnosis(self) -> Diagnosis:
        try:
            batches = [self.evidence(SMALL), self.evidence(LARGE)]
        except SubmissionRaised:
            return UNEXPLAINED
        return loss_diagnosis.diagnose(self.question, batches, lambda: self.of(SMALL, seed=1))


def stops_training(submission: Submission, question: str) -> bool:
    """Whether a loss raises, or is explained and charged for what it returns or for detaching what the generator made.

    Of other mistakes nothing is told: the rows that show a training are visible before those that judge a value.
    """
    forms = (False, True) if own_logits_are_flat(submission) else (False,)
    if all(_raises(Loss(submission, question, flat)) for flat in forms):
        return True
    for flat in forms:
        found = Loss(submission, question, flat).diagnosis()
        if found.explained:
            charged = [found.reading(line) for line in found.deviating if line.name in (RESULT, PATH)]
            return any(one is not known.ELSEWHERE for one in charged)
    return False


def _raises(loss: Loss) -> bool:
    try:
        loss.of(SMALL)
    except SubmissionRaised:
        return True
    except NotImplementedYet:
        pass
    return False


Judge = Callable[[Loss], None]
"""Raises what is wrong with a loss."""


def judge_loss(submission: Submission, question: str) -> None:
    """Raise what is wrong with the loss on ordinary batches: this is the check that pays for its lines."""
    _raise_the_better(submission, question, _judge_batches)


def judge_one_image(submission: Submission, question: str) -> None:
    """Raise what is wrong with the loss of one image, beyond what is wrong with it anyway."""
    _raise_the_better(submission, question, _judge_one_image)


def judge_extreme(submission: Submission, question: str, draw: Draw) -> None:
    """Raise unless value and gradient of the loss stay finite at extreme logits, where its formula is."""
    _raise_the_better(submission, question, lambda loss: _judge_extreme(loss, draw))


def require_loss(submission: Submission, question: str) -> None:
    """Raise unless the loss is one finite number that can be differentiated."""

    def judge(loss: Loss) -> None:
        seen = loss.of(SMALL)
        problem = loss_words.problem_with_the_form(seen, question)
        if problem is not None:
            raise problem
        if seen.backpropagated:
            submission.note(str(known.BACKWARD_INSIDE))

    _raise_the_better(submission, question, judge)


def _raise_the_better(submission: Submission, question: str, judge: Judge) -> None:
    """Decide for logits `(N, 1)` or, where the student's own DNet returns these, `(N,)`: that costs points in 4.1.

    What is wrong with logits that the loss can take says more than that it cannot take the others.
    """
    column = _problem(judge, Loss(submission, question))
    if column is None:
        return
    if not own_logits_are_flat(submission):
        raise column
    submission.note("Your DNet returns logits of shape (N,), not (N, 1): see 4.1. The loss was judged with these too.")
    flat = _problem(judge, Loss(submission, question, flat=True))
    if flat is None:
        return
    keeps_column = isinstance(flat, SubmissionRaised) or (isinstance(column, Wrong) and flat.credit <= column.credit)
    raise column if keeps_column else flat


def _problem(judge: Judge, loss: Loss) -> Wrong | SubmissionRaised | None:
    """What is to be said of a loss, if anything; what earns all points all the same is no problem in the end."""
    try:
        judge(loss)
    except (Wrong, SubmissionRaised) as problem:
        return problem if problem.credit < 1 else None
    return None


def own_logits_are_flat(submission: Submission) -> bool:
    """Whether the student's own DNet returns `(N,)`."""
    try:
        seen = execution(submission, GAN, "DNet", "4.1", [images(2)])
    except Verdict:
        return False
    return seen.output.ndim == 1


def _judge_batches(loss: Loss) -> None:
    batches = [loss.evidence(SMALL), loss.evidence(LARGE)]
    found = loss.diagnosis()
    if not found.explained:
        raise _unexplained(loss, batches)
    if found.hypotheses[0][RESULT] is known.BACKWARD_INSIDE:
        loss.submission.note(str(known.BACKWARD_INSIDE))
    words = loss_words.Words(loss.question, batches[0], batches[1])
    bill(loss.submission, found, OWNERS[loss.question], words.of_line, words.margin)


def _unexplained(loss: Loss, batches: list[Evidence]) -> Wrong:
    """What was measured, and no name, of a loss that no reading explains."""
    for one in batches:
        problem = loss_words.problem_with_the_form(one.seen, loss.question)
        if problem is not None:
            return problem
    words = loss_words.Words(loss.question, batches[0], batches[1])
    return words.measured(loss.of(SMALL, seed=1))


def _judge_one_image(loss: Loss) -> None:
    draw = Draw(1, ORDINARY)
    found = loss.diagnosis()
    try:
        alone = loss.evidence(draw)
    except SubmissionRaised as error:
        loss.of(SMALL)  # a loss that raises with seven images as well raises here
        mistake = known.SQUEEZE if "torch.Size([])" in error.said else ""
        said = f"{str(error).rstrip('.')}. This happens with a batch of one image, not with seven."
        raise wrong(said, mistake=mistake, look_at=loss_words.LOOK_AT[loss.question]) from None
    words = loss_words.Words(loss.question, alone, alone)
    hypotheses = found.hypotheses if carries_forward() else ()
    for hypothesis in hypotheses or _handouts(loss.question):
        if _predicts(hypothesis, alone, loss.question):
            break
    else:
        problem = loss_words.problem_with_the_form(alone.seen, loss.question)
        raise problem or words.measured(None)
    if hypotheses:
        _carry(loss, found)


def _handouts(question: str) -> Iterator[Hypothesis]:
    """What is right without any other mistake."""
    tables = loss_diagnosis.TABLES[question]
    for formula in tables.formulas:
        for size in tables.sizes:
            if formula.credit >= 1 and size.credit >= 1:
                yield {
                    FORMULA: formula,
                    SIZE: size,
                    GRADIENT: tables.gradients[0],
                    ADDITION: known.NOTHING_ADDED,
                    IMAGES: known.ALL_IMAGES,
                    RESULT: known.TENSOR,
                    PATH: known.REACHES,
                    LATENTS: known.GIVEN_Z,
                }


def _predicts(hypothesis: Hypothesis, alone: Evidence, question: str) -> bool:
    """Whether a loss of one image is what a hypothesis says: one value is reduced anyway."""
    own, wanted = result(alone), hypothesis[RESULT]
    same = own == wanted or (wanted is known.NOT_REDUCED and own is known.TENSOR)
    same = same and (given_rows_of_z(alone.seen, alone.draw) or hypothesis[LATENTS] is not known.GIVEN_Z)
    same = same and (alone.replaced is None or hypothesis[IMAGES] is not known.ALL_IMAGES)
    same = same and (alone.gradients is None or path(alone, question) is hypothesis[PATH])
    return same and loss_diagnosis.explained_deviation(hypothesis, alone) <= 1


def _judge_extreme(loss: Loss, draw: Draw) -> None:
    sure = loss.evidence(draw)
    found = loss.diagnosis()
    if not found.explained or not carries_forward():
        problem = loss_words.problem_with_the_form(sure.seen, loss.question) or loss_words.not_finite(
            sure, loss.question
        )
        if problem is not None:
            raise problem
        _judge_batches(loss)
        return
    hypothesis = found.hypotheses[0]
    problem = loss_words.not_finite(sure, loss.question, hypothesis)
    if problem is not None and loss_diagnosis.explained_deviation(hypothesis, sure) > 1:
        raise problem
    _carry(loss, found)


def _carry(loss: Loss, found: Diagnosis) -> None:
    """Say under which readings, charged elsewhere, a loss is as it should be."""
    for line in found.deviating:
        loss.submission.note(carried(line, found.sentence(line)))
