"""Every verb of `python -m grader`, and the module that does it: names only, so that a verb loads no other's module.

A verb's module has `add_arguments(parser)` and `run(options)`, which returns the exit code.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from grader.errors import UserError


@dataclass(frozen=True)
class Verb:
    """What the help page says of a verb, and where it is done."""

    module: str
    purpose: str
    in_container: bool = False

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Load the module and let it declare its arguments."""
        self._named("add_arguments")(parser)

    def run(self, options: argparse.Namespace) -> int:
        """Do it; returns the exit code."""
        return cast(int, self._named("run")(options))

    def _named(self, name: str) -> Callable[..., object]:
        try:
            module = importlib.import_module(self.module)
        except ModuleNotFoundError as error:
            raise UserError(f"This needs {error.name}: it runs in the project's checkout, after `make`.") from error
        return cast(Callable[..., object], getattr(module, name))


VERBS = {
    "grade": Verb("grader.run.grade", "grade one submission, or a folder of them", in_container=True),
    "class": Verb("grader.course.command", "grade a whole class into a gradebook and a page; goes on where it ended"),
    "regrade": Verb("grader.course.regrade", "after a fix: who goes up or down, by how much and why; --yes writes it"),
    "similar": Verb("grader.course.similar", "which submissions are more alike than the class is"),
    "rubric": Verb("grader.report.points", "print the checks, their points and who sees them", in_container=True),
    "preview": Verb("grader.release.preview", "write the page that Gradescope would show"),
    "package": Verb("grader.release.package", "build autograder.zip for Gradescope and student.zip for the students"),
    "oldest": Verb("grader.release.oldest", "try student.zip with the oldest versions that it allows, and the newest"),
    "rehearse": Verb("grader.release.rehearse", "try both packages on a bare Debian"),
    "template": Verb("grader.release.template", "cut student_template/ from reference/"),
    "lock": Verb("grader.release.lock", "lock all requirements, and export the container's and the students'"),
    "audit": Verb("grader.audit.command", "prove the grader right on every submission whose result is known"),
    "layers": Verb("grader.audit.layers", "every attack, with one layer of the protection after another taken away"),
    "neighbours": Verb("grader.audit.neighbours", "every attack between right submissions, and what is left of it"),
    "unseen": Verb("grader.audit.unseen", "list the known mistakes that no check tells which students see at once"),
    "power": Verb("grader.audit.power", "by how much each mutant is caught"),
    "automatic": Verb("grader.audit.automatic", "grade mistakes that nobody listed, made by rule"),
    "mutate": Verb("grader.audit.mutation.command", "change the grader at random, and see what no test notices"),
    "calibrate": Verb("grader.calibrate.command", "random decisions on right work, against their laws"),
    "reproduce": Verb("grader.reproduce.command", "train both references and draw the handout's figures"),
    "gradescope": Verb("grader.release.gradescope", "in Gradescope's container: grade what was submitted", True),
    "smoke": Verb("grader.release.smoke", "in a new image: grade the untouched template", in_container=True),
}
