"""Advice on Question 5.4: what model.ckpt and samples.npz show of the training, in the words of a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tests.support.advice import pattern, spelling
from tests.support.advice.spelling import Field, Spelling
from tests.support.homework.assignment import DIFFUSION
from tests.support.homework.figures import PATHS, SCORE_FIELD, STEPS
from tests.support.observed import artifacts
from tests.support.observed.artifacts import HandedInSamples, TrainedModel
from tests.support.status import Picture
from tests.support.submission import Submission
from tests.support.verdicts import Advice, Verdict

MEASURE = "CS446: precision x coverage"
GOOD, HALF_GOOD, BAD = 1.0, 0.5, 0.0
NOT_THE_SAMPLER = (0.8, 0.8)
"""Precision and coverage above which a right score field leaves nothing to blame on the sampler."""
NOT_THE_SAMPLERS = (
    "With the exact score of the data your sampler spells CS446. So it is the network that leads its samples astray, "
    "in places that this score field does not show: far from the letters, or at other noise levels. Train it longer."
)
SAMPLES_ALONE = 0.5
"""The most credit of samples without a network: nothing shows where numbers in a file come from."""

ADD = (
    "Add model.ckpt (8 MB at most), which main() of hw5_diffusion.py writes when it has trained "
    "(torch.save of scorenet.state_dict()), and samples.npz with its samples (16 MB at most)."
)
_PROBLEMS = {
    "too large": "it is larger than a network of this homework",
    "unreadable": "it cannot be opened",
    "objects": "it holds Python objects; save the parameters alone: torch.save(scorenet.state_dict(), 'model.ckpt')",
    "no parameters": "it holds no parameters; save them with torch.save(scorenet.state_dict(), 'model.ckpt')",
    "other network": "its parameters are those of another network than your ScoreNet()",
    "no samples": "the sampler did not return samples",
    "no points": 'it holds no array "points" of shape (n, 2)',
}
"""What the probe's words mean to a student."""


@dataclass(frozen=True)
class Opinion:
    """What is thought of one artifact: its credit, and a word and sentences that say why."""

    credit: float
    word: str
    text: str


def advise(submission: Submission) -> Advice:
    """Advice on the trained score network, from what was handed in; never a verdict."""
    try:
        there = artifacts.listing(submission, DIFFUSION)
    except Verdict as verdict:
        return Advice(f"What was trained could not be looked at: {verdict}", BAD)
    if not (there.checkpoint or there.samples):
        return Advice(
            f"Neither model.ckpt nor samples.npz was handed in, so the training was not looked at. {ADD}", BAD
        )
    model = _model_advice(submission) if there.checkpoint else None
    points = _of_points(submission) if there.samples else None
    return _together(model, points)


def _together(model: tuple[Opinion, Advice] | None, points: Opinion | None) -> Advice:
    """The advice on the model, or without one on the samples, and whether the two agree."""
    if model is None:
        assert points is not None
        text = f"{points.text}\nThere is no model.ckpt, so nothing shows what drew these samples. {ADD}"
        return Advice(text, min(points.credit, SAMPLES_ALONE))
    opinion, advice = model
    if points is None:
        return advice
    paragraphs = [opinion.text, points.text]
    if points.word and opinion.word and (points.credit > BAD) != (opinion.credit > BAD):
        paragraphs.append(
            f'samples.npz: "{points.word}", but model.ckpt with your sampler: "{opinion.word}". '
            "Hand in both from the same run, and the code that made them."
        )
    return Advice("\n\n".join(paragraphs), advice.credit, advice.measures, advice.pictures)


def _model_advice(submission: Submission) -> tuple[Opinion, Advice]:
    try:
        model = artifacts.trained_model(submission)
    except Verdict as verdict:
        opinion = Opinion(BAD, "", f"model.ckpt could not be judged: {verdict}")
        return opinion, Advice(opinion.text, BAD)
    if model.problem:
        opinion = Opinion(BAD, "", f"model.ckpt could not be judged: {_problem(model)}.")
        return opinion, Advice(opinion.text, BAD, pictures=_pictures(model))
    opinion = judged(model, lambda: _with_the_exact_score(submission))
    measures = {}
    if np.all(np.isfinite(model.exact)) and len(model.exact) == spelling.FULL:
        found = spelling.measure(model.exact)  # who writes a sampler could write one that recites the data
        measures[MEASURE] = found.precision * found.coverage
    return opinion, Advice(opinion.text, opinion.credit, measures, _pictures(model))


def _problem(observed: TrainedModel | HandedInSamples) -> str:
    """Why a file gives nothing to judge; the word comes from a student's process."""
    return _PROBLEMS.get(observed.problem, "it cannot be used") + (f" ({observed.detail})" if observed.detail else "")


def _with_the_exact_score(submission: Submission) -> Spelling | None:
    """The figures of what the student's sampler draws from the data's own score; None where it draws nothing."""
    try:
        drawn = artifacts.sampled_exactly(submission, pattern.points(), pattern.DATA_NOISE).samples
    except Verdict:
        return None
    return spelling.measure(drawn) if len(drawn) and np.all(np.isfinite(drawn)) else None


def judged(model: TrainedModel, with_exact_score: Callable[[], Spelling | None]) -> Opinion:
    """The opinion of a network and a sampler that gave samples.

    `with_exact_score` gives the figures of the sampler with the data's own score: the sampler is to blame only if
    these are wrong too. It is asked for only where somebody is to blame.
    """
    if not np.all(np.isfinite(model.score)):
        return Opinion(
            BAD,
            "the network diverged",
            "The network in model.ckpt predicts scores that are not finite: its training diverged. "
            "Train again with the template's settings.",
        )
    field = spelling.field(artifacts.score_points().astype(np.float64), model.score, artifacts.SCORE_SIGMA)
    if not np.all(np.isfinite(model.samples)):
        innocent = field.right and _innocent(with_exact_score())
        what = "The network is right, the sampler is not: its" if field.right and not innocent else "The"
        text = f"{what} samples run away to values that are not finite. "
        text += NOT_THE_SAMPLERS if innocent else "Look at Algorithm 2, the step size alpha."
        return Opinion(BAD, "the samples diverge", f"{text}\n{_said_of_field(field)}")
    found = spelling.measure(model.samples)
    figures = f"With your sampler, {found}."
    if found.spells and _recited(model):
        text = (
            f"{figures} But Algorithm 2 itself, with the parameters in model.ckpt, does not spell CS446: these samples "
            f"do not come from the network.\n{_said_of_field(field)}"
        )
        return Opinion(BAD, "the samples do not come from the network", text)
    if found.spells:
        return Opinion(GOOD, "spells CS446", f"model.ckpt spells CS446. {figures}")
    figures += _said_of_letters(found)
    innocent = field.right and not found.reaches(NOT_THE_SAMPLER) and _innocent(with_exact_score())
    nearly = found.reaches(spelling.NEARLY) and field.agreement >= spelling.LEAST_AGREEMENT
    word = "nearly spells CS446" if nearly else _fault(field, innocent)
    first = "model.ckpt nearly spells CS446. " if nearly else "model.ckpt does not spell CS446. "
    text = f"{first}{figures}\n{_said_of_field(field)}\n{_cause(field, found, innocent)}"
    return Opinion(HALF_GOOD if nearly else BAD, word, text)


def _recited(model: TrainedModel) -> bool:
    """Whether the exact sampler gives something else than the letters that the student's sampler gives."""
    if not len(model.exact):
        return False
    return not (np.all(np.isfinite(model.exact)) and spelling.measure(model.exact).reaches(spelling.NEARLY))


def _innocent(drawn: Spelling | None) -> bool:
    """Whether the sampler spells with the data's own score."""
    return drawn is not None and drawn.spells


def _fault(field: Field, innocent: bool) -> str:
    return "the sampler is not right" if field.right and not innocent else "the network is not right"


def _said_of_letters(found: Spelling) -> str:
    return f" Letters that can be read: {found.letters}." if any(found.legible) else " No letter can be read."


def _said_of_field(field: Field) -> str:
    """The predicted score in figures."""
    return (
        f"At sigma = {artifacts.SCORE_SIGMA} the predicted score points along that of the data with a mean cosine "
        f"of {field.agreement:.2f}, and has {field.size:.2f} times its size."
    )


def _cause(field: Field, found: Spelling, innocent: bool = False) -> str:
    """What probably went wrong, network and sampler told apart by the score field."""
    if field.size < spelling.FLAT:
        return (
            "The predicted score is almost 0: training sat on its plateau, at a loss of 1.0. This says nothing against "
            "your code: start the training again with the template's settings."
        )
    if field.change < spelling.FLAT:
        return "The predicted score is the same everywhere: the network in model.ckpt is as good as untrained."
    if field.right and found.reaches(NOT_THE_SAMPLER):
        return "Network and sampler do what they should; a longer training would make the letters sharper."
    if innocent:
        return f"The sampler is right. {NOT_THE_SAMPLERS}"
    if field.right and found.precision >= spelling.SPELLS[0]:
        return (
            "The network is right, the sampler is not: its samples gather in a few places, as with too little noise, "
            "or noise that samples share. Look at Algorithm 2."
        )
    if field.right:
        return (
            "The network is right, the sampler is not: its samples do not come close enough to the letters, as with a "
            "wrong step size alpha. Look at Algorithm 2."
        )
    if field.agreement <= -spelling.LEAST_AGREEMENT:
        return "The predicted score points away from the data: look at the sign of the target in Algorithm 1."
    if field.agreement >= spelling.RIGHT_AGREEMENT:
        return "It points the right way, but its size is wrong: look at the target in Algorithm 1, and its sigma^2."
    return (
        "The network has not learned enough: train it for as many iterations as the template does, and look at whether "
        "the loss falls below 0.9."
    )


def _of_points(submission: Submission) -> Opinion:
    """The opinion of the handed-in samples, by their place alone."""
    try:
        observed = artifacts.handed_in_samples(submission)
    except Verdict as verdict:
        return Opinion(BAD, "", f"samples.npz could not be judged: {verdict}")
    if observed.problem:
        return Opinion(BAD, "", f"samples.npz could not be judged: {_problem(observed)}.")
    samples = observed.samples
    finite = samples[np.all(np.isfinite(samples), axis=1)]
    if len(finite) < len(samples):
        word = f"{len(samples) - len(finite)} of {len(samples)} points are not finite"
        return Opinion(BAD, word, f"samples.npz: {word}.")
    found = spelling.measure(samples)
    if found.spells:
        return Opinion(GOOD, "spells CS446", f"samples.npz spells CS446: {found}.")
    if found.reaches((spelling.evenly_spread(), spelling.NEARLY[1])):
        return Opinion(
            HALF_GOOD, "nearly spells CS446", f"samples.npz nearly spells CS446: {found}.{_said_of_letters(found)}"
        )
    text = f"samples.npz does not spell CS446: {found}."
    if found.reaches(spelling.NEARLY):
        text += " Points spread evenly over the page would do as well."
    return Opinion(BAD, "does not spell CS446", text)


def _pictures(model: TrainedModel) -> tuple[Picture, ...]:
    """What can be drawn of the model: its score field, its samples on their way, two paths."""
    pictures = []
    if len(model.score) == len(artifacts.score_points()) and np.all(np.isfinite(model.score)):
        field = spelling.field(artifacts.score_points().astype(np.float64), model.score, artifacts.SCORE_SIGMA)
        arrays = {"points": artifacts.score_points(), "score": model.score}
        pictures.append(Picture(SCORE_FIELD, arrays, f"The predicted score over the text. {_said_of_field(field)}"))
    if not model.states.size or not all(np.all(np.isfinite(one)) for one in (model.states, model.paths)):
        return tuple(pictures)
    ends = [spelling.measure(state) for state in (model.states[0], model.states[-1])]
    alt = (
        f"{len(model.samples)} samples at the steps {', '.join(map(str, model.steps))} of {artifacts.LAST_STEP + 1}: "
        f"{ends[0].precision:.0%} lie on the letters at first and {ends[1].precision:.0%} at last."
    )
    pictures.append(Picture(STEPS, {"states": model.states, "steps": np.array(model.steps)}, alt))
    travelled = np.linalg.norm(model.paths[:, -1] - model.paths[:, 0], axis=1)
    lengths = " and ".join(f"{length:.2f}" for length in travelled)
    alt = f"{len(travelled)} paths over the final samples; they end {lengths} from their first states."
    pictures.append(Picture(PATHS, {"paths": model.paths, "samples": model.samples}, alt))
    return tuple(pictures)
