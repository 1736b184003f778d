"""The recorded calls of a score function: which are refused, which noise levels are read, what no result means."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.observed import recorded
from tests.support.observed.recorded import FLOAT32_EPS, MOST_REPEATS, Calls, Returned, read_levels, require_result
from tests.support.verdicts import Blocked, NotImplementedYet

NOTHING = Returned("NoneType", [], np.zeros(0), False)
RIGHT: dict[str, Any] = {
    "points": np.zeros((5, 2)),
    "levels": np.ones(5),
    "scores": np.zeros((5, 2)),
    "sizes": np.array([2, 3]),
    "repeats": np.array([1, MOST_REPEATS - 1]),
    "refused": "",
    "returned": Returned("Tensor", [1], np.zeros(1), True),
}
UNCALLED = {
    "points": np.zeros((0, 2)),
    "levels": np.zeros(0),
    "scores": np.zeros((0, 2)),
    "sizes": np.zeros(0, int),
    "repeats": np.zeros(0, int),
}
SIGMAS = np.array([2.0, 0.5, 0.125])


def test_calls_that_a_probe_reports_are_taken():
    assert len(Calls(**RIGHT).sizes) == 2
    assert len(Calls(**RIGHT | UNCALLED).sizes) == 0
    assert Calls(**RIGHT | {"sizes": np.array([0, 5])}).sizes.sum() == 5


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"points": np.zeros((5, 3))}, id="points of three coordinates"),
        pytest.param({"points": np.zeros((5, 2), int)}, id="whole points"),
        pytest.param({"levels": np.ones(4)}, id="a level too few"),
        pytest.param({"scores": np.zeros((4, 2))}, id="a score too few"),
        pytest.param({"sizes": np.array([2.0, 3.0])}, id="sizes that are not whole"),
        pytest.param({"sizes": np.array([2, 2])}, id="a point that belongs to no call"),
        pytest.param({"sizes": np.array([-1, 6])}, id="a negative size"),
        pytest.param({"sizes": np.array([6, -1])}, id="a size beyond the points"),
        pytest.param({"repeats": np.array([1])}, id="a call that was not counted"),
        pytest.param({"repeats": np.array([1, 0])}, id="a call that was not made"),
        pytest.param({"repeats": np.array([1, MOST_REPEATS])}, id="more calls than anybody makes"),
    ],
)
def test_other_calls_are_refused(changed: dict[str, Any]):
    with pytest.raises(ValueError, match=r"an array of shape|the sizes of the calls|repeated calls"):
        Calls(**RIGHT | changed)


def test_sizes_whose_sum_overflows_are_refused():
    """2^63 + 2^63 + 5 wraps around to 5."""
    sizes = np.array([2**63 - 1, 2**63 - 1, 7])
    assert int(sizes.sum()) == 5
    with pytest.raises(ValueError, match=r"an array of shape|the sizes of the calls|repeated calls"):
        Calls(**RIGHT | {"sizes": sizes, "repeats": np.ones(3, int)})


@pytest.mark.parametrize(
    ("kind", "shape", "values", "taken"),
    [
        ("Tensor", [2, 3], np.zeros((2, 3)), True),
        ("Tensor", [], np.zeros(()), True),
        ("list", [7], np.zeros(0), True),
        ("Tensor", [0], np.zeros(0), True),
        ("Tensor", [3, 2], np.zeros((2, 3)), False),
        ("Tensor", [2, 3], np.zeros(0), False),
        ("Tensor", [2], np.zeros(2, int), False),
    ],
)
def test_the_values_of_what_was_returned_have_its_shape(kind: str, shape: list, values: np.ndarray, taken: bool):
    if taken:
        assert Returned(kind, shape, values, False).shape == shape
    else:
        with pytest.raises(ValueError, match=r"an array of shape|the sizes of the calls|repeated calls"):
            Returned(kind, shape, values, False)


def test_a_function_that_did_nothing_is_not_implemented():
    with pytest.raises(NotImplementedYet, match=r"^Not implemented yet: 5.2. loss returns None.$"):
        require_result(Calls(**RIGHT | UNCALLED | {"returned": NOTHING}), "5.2", "loss")


def test_a_function_that_the_network_stopped_is_blocked():
    for calls in (UNCALLED, {}):
        with pytest.raises(Blocked, match=r"see the first row of 5\.3"):
            require_result(Calls(**RIGHT | calls | {"returned": NOTHING, "refused": "sigma of shape (3,)"}), "5.3", "x")


def test_a_function_that_has_called_or_returned_anything_is_judged():
    one = {"points": np.zeros((1, 2)), "levels": np.ones(1), "scores": np.zeros((1, 2))}
    called_once = one | {"sizes": np.array([1]), "repeats": np.array([1])}
    for changed in (
        {"returned": NOTHING},
        {"returned": NOTHING} | called_once,
        UNCALLED,
        {"refused": "sigma of shape (3,)"},
    ):
        require_result(Calls(**RIGHT | changed), "5.2", "loss")


@pytest.mark.parametrize(
    ("values", "name", "places"),
    [
        ([0.5, 2.0, 0.5], "sigma", [1, 0, 1]),
        ([0.0, 2.0, 1.0], "index from 0", [0, 2, 1]),
        ([1.0, 3.0], "index from 1", [0, 2]),
        ([4.0, 0.25], "sigma^2", [0, 1]),
        ([8.0, 0.5], "1/sigma", [2, 0]),
        (np.log([2.0, 0.125]).tolist(), "log(sigma)", [0, 2]),
        ([2.0, 7.0, np.nan], "sigma", [0, -1, -1]),
        ([], "sigma", []),
    ],
)
def test_the_form_is_read_in_which_all_levels_fit(values: list[float], name: str, places: list[int]):
    levels = read_levels(np.array(values), SIGMAS)
    assert levels.passed.name == name
    assert levels.index.tolist() == places
    known = np.array(places, int) >= 0
    assert levels.sigma[known].tolist() == SIGMAS[np.array(places, int)[known]].tolist()
    np.testing.assert_array_equal(levels.sigma[~known], np.array(values)[~known])


def test_a_level_that_a_network_cannot_tell_from_infinity_or_zero_is_just_that():
    levels = read_levels(np.array([7.1, 1e39, -1e300, 1e-50]), SIGMAS)
    assert levels.sigma.tolist() == [7.1, np.inf, -np.inf, 0.0]


@pytest.mark.parametrize(("roundings", "fits"), [(15, True), (16, True), (17, False), (-16, True), (-17, False)])
def test_a_level_may_be_off_by_sixteen_roundings(roundings: int, fits: bool):
    off = np.array([0.125 * (1 + roundings * FLOAT32_EPS)])
    assert recorded._places(off, SIGMAS).tolist() == [2 if fits else -1]


def test_a_form_that_is_no_number_is_never_the_nearest():
    """log(sigma) of a level of 0 would be -inf, and 1/sigma inf."""
    assert recorded._places(np.array([0.5, np.nan]), np.array([np.nan, 0.5, np.inf])).tolist() == [1, -1]
