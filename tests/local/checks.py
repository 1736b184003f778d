"""What a check says of itself, read from its test."""

from __future__ import annotations

import pytest


def number_of(item: pytest.Item) -> str:
    """The question of a check; nothing for a test that is no check."""
    return str(_said(item, "__number__", ""))


def weight_of(item: pytest.Item) -> float:
    """The points of a check."""
    return float(_said(item, "__weight__", 0))  # type: ignore[arg-type]


def tags_of(item: pytest.Item) -> tuple[str, ...]:
    """The words under which a check is filed."""
    return tuple(_said(item, "__tags__", ()))  # type: ignore[arg-type]


def mark_of(number: str) -> str:
    """The mark of a question, by which `pytest -m` selects it."""
    return f"q{number.replace('.', '_')}"


def _said(item: pytest.Item, name: str, otherwise: object) -> object:
    return getattr(getattr(item, "function", None), name, otherwise)
