"""What a score network is given as its second argument, as a finding."""

from __future__ import annotations

from tests.support.homework.noise_levels import LEVEL_FORMS, LevelForm
from tests.support.homework.readings import worded
from tests.support.verdicts import Finding, following


def passed_finding(form: LevelForm, look_at: str) -> Finding:
    """The finding on the form in which the noise levels are passed."""
    if form is LEVEL_FORMS[0]:
        return following(form, look_at)
    seen = f"The network is given {form.sentence} as its second argument."
    return Finding(seen, "Its second argument is sigma, the noise level itself.", worded(form, ""), look_at)
