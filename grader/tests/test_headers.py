"""The headers of mutants and attacks: what they may say, and in which words each mistake in one is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.audit.headers import SOUND, STATUSES, Header, HeaderError, Known
from tests.support.status import Status

CHECKS = ("loss", "noise")


def header(tmp_path: Path, line: str) -> Header:
    (tmp_path / "a.mutant").write_text(f"{line}\nmore\n")
    return Header.read(tmp_path / "a.mutant", ("fails", "says"), ("because",))


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("loss", {"loss": SOUND}),
        ("loss, noise", {"loss": SOUND, "noise": SOUND}),
        ("loss (keeps 50%),noise (timed out)",
         {"loss": Known(Status.FAILED, 0.5), "noise": Known(Status.TIMED_OUT, 0.0)}),
        ("loss (keeps 12.5%)", {"loss": Known(Status.FAILED, 0.125)}),
        ("loss (keeps 0%)", {"loss": Known(Status.FAILED, 0.0)}),
    ],
)  # fmt: skip
def test_a_header_names_checks_with_what_they_keep(tmp_path: Path, said: str, known: dict[str, Known]):
    read = header(tmp_path, f"# fails: {said} | says:  a text ")
    assert read.fields == {"fails": said, "says": "a text"}
    assert read.checks("fails", CHECKS, SOUND) == known


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("fails: loss | says: x", "a header begins with '# fails: '"),
        ("# fails: loss | say: x", "'say' is no field of this header; the nearest is 'says'"),
        ("# fails: loss | says", "'says' is no field of this header; the nearest is 'says'"),
        ("# fails: loss | says: x | says: y", "'says' stands there twice"),
        ("# fails: loss", "'says' is missing"),
        ("# fails:  | says: x", "'fails' is missing"),
        ("# fails: los | says: x", "'los' is no check; the nearest is 'loss'"),
        ("# fails: loss, loss | says: x", "'loss' stands there twice"),
        ("# fails: loss noise | says: x", "'loss noise' is not 'check', 'check (keeps 50%)' or 'check (timed out)'"),
        ("# fails: loss (keeps 100%) | says: x", "'keeps 100%' is no status, nor a share; the nearest is 'keeps 50%'"),
        ("# fails: loss (pased) | says: x", "'pased' is no status, nor a share; the nearest is 'crashed'"),
    ],
)
def test_what_is_wrong_in_a_header_is_told_with_the_nearest_word(tmp_path: Path, line: str, problem: str):
    with pytest.raises(HeaderError) as error:
        header(tmp_path, line).checks("fails", CHECKS, SOUND)
    assert str(error.value) == f"a.mutant, line 1: {problem}"


def test_a_field_of_few_values_has_one_of_them(tmp_path: Path):
    read = header(tmp_path, "# fails: a | says: reference")
    assert read.one_of("says", ["reference", "template"]) == "reference"
    assert read.one_of("because", ["x"], "y") == "y"
    with pytest.raises(HeaderError, match="line 1: 'a' is no value of 'fails'; the nearest is 'template'"):
        read.one_of("fails", ["template"])
    with pytest.raises(HeaderError, match=r"line 1: 'a' is no value of 'fails'$"):
        read.one_of("fails", [])
    assert [str(one) for one in STATUSES] == [
        "failed", "not implemented", "blocked", "timed out", "out of memory", "crashed"
    ]  # fmt: skip
