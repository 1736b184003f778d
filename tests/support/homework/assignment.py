"""The assignment as the grader needs to know it: its files, questions and artifacts (its figures are in `figures`).

Another file of the students' is one more entry of `MODULES`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """A problem of the handout; its questions are numbered `<number>.1` to `<number>.<questions>`."""

    number: str
    title: str
    questions: int


@dataclass(frozen=True)
class Module:
    """A file that students hand in: its name without `.py`, what it must define, and the problems that it answers.

    An `optional` one need not be handed in, unless the course counts it.
    """

    name: str
    defines: tuple[str, ...]
    problems: tuple[Problem, ...]
    optional: bool = False


@dataclass(frozen=True)
class Artifact:
    """A kind of file that training leaves, and how many bytes it may have.

    `<n>` in the name stands for a number of up to four digits: of such files the `latest` are taken.
    """

    name: str
    largest: int
    latest: int = 1

    @property
    def pattern(self) -> str:
        """The names as a regular expression, with the number as a group."""
        return re.escape(self.name).replace("<n>", r"(\d{1,4})")


EXACT_NAMES = False
"""A course's choice: whether a file under another name, such as "hw5_gan (1).py", is refused, or graded with a note."""

HANDOUT = "https://courses.grainger.illinois.edu/cs446/sp2024/homework/hw/index.html"
"""Where students find the handout: the course's page, or its PDF."""
PAGES: dict[str, int] = {}
"""The page of the PDF on which each question stands, for links to it."""

TITLE = "CS446 homework 5: GAN and diffusion"

GAN, DIFFUSION, WRITTEN = "hw5_gan", "hw5_diffusion", "hw5_written"
MODULES = (
    Module(GAN, defines=("DNet", "GNet", "GAN"), problems=(Problem("4", "GAN", 6),)),
    Module(
        DIFFUSION,
        defines=("ScoreNet", "compute_denoising_loss", "langevin_dynamics_sample"),
        problems=(Problem("5", "diffusion", 4),),
    ),
    Module(
        WRITTEN,
        defines=(
            *("optimal_discriminator", "js_divergence", "value_at_optimum", "generator_gradients", "elbo"),
            *("forward_marginal", "posterior_mean", "posterior_mean_from_noise", "conditional_score", "ANSWERS"),
        ),
        problems=(
            Problem("1", "GAN, written", 3),
            Problem("2", "diffusion, written", 5),
            Problem("3", "contrastive learning", 4),
        ),
        optional=True,
    ),
)

DATA = ("mnist-6000-idx3-ubyte.gz",)
"""Files of the reference's `data/` that students receive: a sample to train on where nothing can be downloaded."""
HELPERS = ("hw5_utils", "hw3_utils")
"""Names of the course's helper module: the first is handed out, older releases used the others."""

CHECKPOINT, SAMPLES, GRIDS = (
    Artifact("model.ckpt", 8 * 2**20),
    Artifact("samples.npz", 16 * 2**20),
    Artifact("test_<n>.png", 2**20, latest=12),
)
"""The score network's parameters, samples drawn with it, and the grids of generated images, one an epoch."""
ARTIFACTS = (CHECKPOINT, SAMPLES, GRIDS)

DEFINED = {module.name: module.defines for module in MODULES}
FILES = tuple(f"{module.name}.py" for module in MODULES)
REQUIRED = tuple(f"{module.name}.py" for module in MODULES if not module.optional)
PROBLEMS = tuple(
    sorted((problem for module in MODULES for problem in module.problems), key=lambda problem: problem.number)
)
QUESTIONS = tuple(f"{problem.number}.{k + 1}" for problem in PROBLEMS for k in range(problem.questions))


def module_of(question: str) -> Module | None:
    """The module that answers a question."""
    number = question.partition(".")[0]
    answering = (module for module in MODULES if any(problem.number == number for problem in module.problems))
    return next(answering, None)


def handout_of(question: str) -> str:
    """The address at which a question stands in the handout; nothing where the course names none."""
    return f"{HANDOUT}#page={PAGES[question]}" if HANDOUT and question in PAGES else HANDOUT
