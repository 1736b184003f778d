"""The lines of Algorithm 2 (5.3), and the check that pays for each."""

from __future__ import annotations

from tests.support.homework.langevin import KEPT_ANSWER, LANGEVIN_STEP_SIZES
from tests.support.homework.langevin_noise import LANGEVIN_NOISE_VARIANCES, NOISE_LAWS, NOISE_PLACES, NOISE_SHARES
from tests.support.homework.langevin_states import LANGEVIN_STARTS, OTHER_STARTS, START_SHARES, STATES
from tests.support.judging.recognition import Line

_START = "the start of the chains"
_NOISE = "the noise of the steps"

START = Line("Alg. 2, line 1: law of x_0", _START, (*LANGEVIN_STARTS, *OTHER_STARTS))
START_SHARE = Line("Alg. 2, line 1: an x_0 for each", _START, START_SHARES)
STEP = Line(
    "Alg. 2, lines 3 and 6: step size", "langevin_step_size_of_every_level", (*LANGEVIN_STEP_SIZES, KEPT_ANSWER)
)
STEP_OF_AN_ANSWER = Line(STEP.name, "langevin_visits_every_level_in_descending_order", STEP.readings)
"""The same line, where the row of the visits pays for the reading."""
STATE = Line("Alg. 2, line 6: state", "the states of the chains", STATES)
VARIANCE = Line("Alg. 2, line 6: variance of the noise", _NOISE, LANGEVIN_NOISE_VARIANCES)
PLACE = Line("Alg. 2, line 6: place of the noise", _NOISE, NOISE_PLACES)
LAW = Line("Alg. 2, line 5: law of z", _NOISE, NOISE_LAWS)
SHARE = Line("Alg. 2, line 5: a z for each", _NOISE, NOISE_SHARES)
NOISE_LINES = (VARIANCE, PLACE, LAW, SHARE)
