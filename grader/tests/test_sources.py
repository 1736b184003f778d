"""The text of a student's source is made readable to Python where what is meant is beyond doubt, line by line."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from grader.bench import sources
from tests.support.observations import ENCODING, IS_A_NOTEBOOK, NOTEBOOK_LINES

CODE = "# Größe\nword = 'é'\nright = 1\n"


@pytest.mark.parametrize(
    "content",
    [
        codecs.BOM_UTF16_LE + CODE.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + CODE.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + CODE.encode("utf-32-le"),
        CODE.encode("utf-16-le"),
        CODE.encode("utf-16-be"),
        CODE.encode("cp1252"),
        ("# -*- coding: utf-8 -*-\n" + CODE).encode("cp1252"),
        ("# coding=utf-16\n" + CODE).encode("utf-16"),
        "名 = '值'\nright = 1\n".encode("utf-16"),
        "# 说明\nright = 1\n".encode("gbk"),
        "# 설명\nright = 1\n".encode("euc-kr"),
    ],
)
def test_other_encodings_are_read_with_a_remark(content: bytes):
    read, remarks = sources.readable(content)
    found: dict[str, object] = {}
    exec(compile(read, "x", "exec"), found)
    assert found["right"] == 1
    assert remarks == [ENCODING]


@pytest.mark.parametrize(
    "content",
    [
        CODE.encode(),
        codecs.BOM_UTF8 + CODE.encode(),
        ("# coding: latin-1\n" + CODE).encode("latin-1"),
        b"x = (5\n     % 3)\n",
        b"text = '''\n%matplotlib inline\n!ls\n'''\n",
        b"def broken(:\n",
        b"%matplotlib inline\ndef broken(:\n",
        b"",
        bytes(range(256)),
    ],
)
def test_what_python_reads_or_nobody_could_is_left_alone(content: bytes):
    assert sources.readable(content) == (content, [])


@pytest.mark.parametrize(
    "lines",
    [
        "%matplotlib inline",
        "!pip install torch",
        "!pip install \\\n    torch",
        "files = !ls",
        "value = %timeit -o f()",
        "torch.nn?",
        "?print",
        "%%time",
        "%%bash\ncd data; ls | wc\n# In[2]:",
        "if True:\n    %cd data",
    ],
)
def test_lines_that_only_a_notebook_understands_are_left_out(lines: str):
    read, remarks = sources.readable(f"before = 1\n{lines}\nright = before\n".encode())
    found: dict[str, object] = {}
    exec(compile(read, "x", "exec"), found)
    assert found["right"] == 1
    assert remarks == [NOTEBOOK_LINES]
    assert read.count(b"\n") == lines.count("\n") + 3


def test_a_notebook_under_a_modules_name_says_so():
    read, _ = sources.readable(b'{"cells": [], "metadata": {}, "nbformat": 4}')
    with pytest.raises(ImportError, match=IS_A_NOTEBOOK):
        exec(compile(read, "x", "exec"), {})


def test_a_check_finds_what_an_import_has_made(tmp_path: Path):
    for name in ("a", "a/b", "there"):
        (tmp_path / "copy" / name).mkdir(parents=True, exist_ok=True)
    (tmp_path / "copy" / "a" / "file.txt").write_text("made")
    (tmp_path / "check").mkdir()
    sources.mirror(tmp_path / "copy", tmp_path / "check")
    assert (tmp_path / "check" / "a" / "file.txt").read_text() == "made"
    assert not (tmp_path / "check" / "a" / "b").is_symlink()
