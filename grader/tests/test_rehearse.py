"""Where a bare system cannot be set up, the rehearsal says why, and fails nobody."""

from __future__ import annotations

import os
import shutil

import pytest

from grader.__main__ import main


def test_without_root_it_is_skipped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert main(["rehearse"]) == 0
    assert capsys.readouterr().out == "The rehearsal is skipped: it needs root, to enter a system of its own.\n"


def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda tool: None if tool == "debootstrap" else f"/bin/{tool}")
    assert main(["rehearse"]) == 0
    assert capsys.readouterr().out == "The rehearsal is skipped: debootstrap is not installed.\n"
