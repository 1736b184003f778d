"""2.2 and 3, hidden: what is true and what is not."""

from __future__ import annotations

from tests.support.judging.answers import judge_answer
from tests.support.marks import number, tags, visibility, weight
from tests.support.submission import Submission


@number("2.2")
@weight(0.5)
@visibility("after_published")
@tags("written")
def test_density_of_a_diffusion_model(submission: Submission) -> None:
    """Whether the density can be estimated directly is answered rightly."""
    judge_answer(submission, "2.2", False)


@number("3.1")
@weight(1)
@visibility("after_published")
@tags("written")
def test_downstream_tasks(submission: Submission) -> None:
    """The statement about downstream tasks is answered rightly."""
    judge_answer(submission, "3.1", True)


@number("3.2")
@weight(0.5)
@visibility("after_published")
@tags("written")
def test_mask_out_rates(submission: Submission) -> None:
    """The statement about MAE and BERT is answered rightly."""
    judge_answer(submission, "3.2", False)


@number("3.3")
@weight(1)
@visibility("after_published")
@tags("written")
def test_mutual_information(submission: Submission) -> None:
    """The statement about InfoNCE is right, or has a reason that people read."""
    judge_answer(submission, "3.3", True, open_to_reasons=True)  # as printed, the bound fails for some estimators


@number("3.4")
@weight(0.5)
@visibility("after_published")
@tags("written")
def test_clip_without_finetuning(submission: Submission) -> None:
    """The statement about CLIP is answered rightly."""
    judge_answer(submission, "3.4", False)
