"""Readings of what a function returns, whatever it computes."""

from __future__ import annotations

from tests.support.homework.readings import Reading

PAIR_EXCHANGED = Reading(
    "pair the other way round", 0.5, "The pair is the other way round; its values are right. It earns half."
)
