"""The command line is a promise: makefiles, guides and people's habits rely on each option of each verb."""

from __future__ import annotations

import argparse
import os
import platform
from pathlib import Path

import pytest

from grader.audit.run import PARTS
from grader.project import ROOT
from grader.verbs import VERBS

PROMISED = Path(__file__).parent / "command_lines.txt"
HOW_OFTEN = {None: "", "?": "optional ", "*": "any number of ", "+": "some of "}
PROCESSORS = 7
THIS_PYTHON = repr(".".join(platform.python_version_tuple()[:2]))


def told(option: argparse.Action) -> str:
    """One option in a line: its names, how many words it takes, of what kind, and what it is without them."""
    names = ", ".join(option.option_strings) or option.dest
    if option.nargs == 0:
        return f"  {names}: {option.dest} = {option.default} to {option.const}{'' if option.help else ' (unexplained)'}"
    assert option.nargs in HOW_OFTEN
    if isinstance(option, argparse._AppendAction):
        names += " (again and again)"
    kind = getattr(option.type, "__name__", "text")
    choices = f" of {' / '.join(str(one) for one in option.choices)}" if option.choices else ""
    default = repr(str(option.default) if isinstance(option.default, Path) else option.default)
    default = default.replace(str(ROOT), "PROJECT").replace(THIS_PYTHON, "this one's")
    shown = f" ({option.metavar})" if option.metavar else ""
    needed = "needed" if option.required else default
    explained = "" if option.help else " (unexplained)"
    return f"  {names}: {option.dest} = {HOW_OFTEN[option.nargs]}{kind}{shown}{choices}, or {needed}{explained}"  # type: ignore[index]


def test_every_verb_has_the_options_that_are_promised(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "cpu_count", lambda: PROCESSORS)
    monkeypatch.setattr("grader.audit.command.date", _Today)
    lines = []
    for name, verb in VERBS.items():
        parser = argparse.ArgumentParser()
        verb.add_arguments(parser)
        lines += [name, *(told(option) for option in parser._actions if option.dest != "help")]
    assert "\n".join(lines) + "\n" == PROMISED.read_text(encoding="utf-8")


class _Today:
    """A day on which every part but the first is yet to come."""

    @classmethod
    def today(cls) -> _Today:
        return cls()

    def toordinal(self) -> int:
        return 2 * PARTS


@pytest.mark.parametrize(
    ("words", "named"),
    [(["grade"], "submission"), (["class", "x"], "merge"), (["layers", "--only"], "only")],
)
def test_what_may_be_left_out_may_be_left_out(words: list[str], named: str):
    parser = argparse.ArgumentParser()
    VERBS[words[0]].add_arguments(parser)
    assert hasattr(parser.parse_args(words[1:]), named)


def test_no_class_is_named_by_nothing(capsys: pytest.CaptureFixture[str]):
    parser = argparse.ArgumentParser()
    VERBS["class"].add_arguments(parser)
    with pytest.raises(SystemExit):
        parser.parse_args([""])
    assert "no class is named: SUBMISSIONS=export.zip" in capsys.readouterr().err
