"""The calibration flags laws that are not conservative, loses and repeats no seed, and counts decisions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from grader.__main__ import main
from grader.calibrate import decisions
from grader.calibrate.comparison import GOAL, LEVEL, chance_of_share, compare
from grader.calibrate.decisions import CHUNK, Chunk, Store
from tests.support import laws
from tests.support.verdicts import Finding, Wrong

N = 3000


def _chunk(first: int = 0, n: int = N, **p: np.ndarray) -> Chunk:
    """The chunk of `n` seeds, with a decision for each of the tests."""
    return Chunk(list(range(first, first + n)), [len(p)] * n, {name: one.tolist() for name, one in p.items()}, {}, [])


def _uniform(seed: int = 0, n: int = N) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(seed)).random(n)


def test_uniform_and_conservative_laws_are_not_flagged():
    """Exact laws have uniform p-values; bounds have larger ones."""
    result = compare([_chunk(exact=_uniform(1), bound=np.sqrt(_uniform(2)), never=np.ones(N))])
    assert result.violations == []
    assert result.tests["never"].deciles == [0.0] * 9 + [1.0]
    assert result.tests["exact"].deciles[4] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(lambda u: u**1.5, id="too small throughout"),
        pytest.param(lambda u: u * 0.85, id="a little too small"),
        pytest.param(lambda u: np.where(u < 0.01, u / 100, u), id="too small in the tail alone"),
    ],
)
def test_a_law_with_too_small_p_values_is_flagged(wrong):
    """By its name, beside a right one that is not."""
    result = compare([_chunk(right=_uniform(1), wrong=wrong(_uniform(2)))])
    assert any(text.startswith("wrong: ") for text in result.violations)
    assert not any(text.startswith("right: ") for text in result.violations)


def test_p_values_that_are_a_little_too_small_together_are_flagged():
    """A share that each of many tests may have by chance, all of them cannot."""
    p = {f"test{k}": _uniform(k) * 0.955 for k in range(60)}
    result = compare([_chunk(**p)])
    assert any(text.startswith("all tests pooled: ") for text in result.violations)


@pytest.mark.parametrize(("count", "n", "q"), [(60, 100, 0.5), (30, 100, 0.1), (9, 10, 0.5)])
def test_the_chance_of_a_share_lies_above_the_exact_tail(count: int, n: int, q: float):
    """The binomial tail, by simulation of uniform values."""
    draws = np.random.Generator(np.random.PCG64(0)).binomial(n, q, 100_000)
    assert chance_of_share(count / n, n, q) >= np.mean(draws >= count)
    assert chance_of_share(q, n, q) == 1.0


def test_a_failure_of_right_work_is_a_violation():
    """And so is a calibration that observed nothing."""
    chunk = _chunk(exact=_uniform())
    chunk.failures.append("reference, seed 5, a check: failed: too large")
    assert compare([chunk]).failures == 1
    assert "reference, seed 5, a check: failed: too large" in compare([chunk]).violations
    assert compare([]).violations


def test_the_bound_counts_every_decision_of_the_submission_that_meets_most():
    """The three submissions take turns; repeated observations count as well."""
    chunk = _chunk(n=6, exact=_uniform(n=6))
    chunk.decisions = [70, 75, 60, 70, 79, 60]
    result = compare([chunk])
    assert result.decisions == 77
    assert result.bound == pytest.approx(77e-8)
    chunk.decisions = [101] * 6
    assert any(f"not below {GOAL:g}" in text for text in compare([chunk]).violations)


def test_decisions_are_recorded_where_they_are_made():
    """A first observation and a repeated one can fail right work; a confirmation can only spare it."""
    p_of_stage = {0: 1e-12, 1: 0.5, 2: 0.25}
    with laws.recording() as observed:
        laws.judge(lambda seed, factor: [laws.Test("a", p_of_stage[seed], Finding("")), laws.Test("b", 1, Finding(""))])
    assert [one.stage for one in observed] == ["first", "confirm", "retry"]
    chunk = Chunk([0], [0], {}, {}, [])
    decisions._record(chunk, "check", observed)
    assert chunk == Chunk([0], [4], {"check: a": [1e-12], "check: b": [1]}, {"check: a": [0.25], "check: b": [1]}, [])


def test_nothing_is_recorded_outside_of_the_block():
    """Also when a check fails inside of it."""
    with pytest.raises(Wrong) as failure, laws.recording() as observed:
        laws.judge(lambda seed, factor: [laws.Test("a", 1e-16, Finding("seen"))])
    assert failure.value.margin == pytest.approx(2)
    assert len(observed) == 2
    laws.judge(lambda seed, factor: [laws.Test("a", 1, Finding(""))])
    assert len(observed) == 2


def test_resuming_loses_and_repeats_no_seed(tmp_path: Path):
    """Chunks that arrived in any order are kept; a file cut short is observed again."""
    store = Store(tmp_path / "store")
    portions = store.missing(3 * CHUNK + 7)
    assert [len(one) for one in portions] == [CHUNK, CHUNK, CHUNK, 7]
    for portion in (portions[2], portions[0]):
        store.add(_chunk(portion[0], len(portion), exact=_uniform(n=len(portion))))
    assert Store(tmp_path / "store").missing(3 * CHUNK + 7) == [portions[1], portions[3]]
    broken = next(path for path in store.folder.iterdir() if path.name.startswith("0000000"))
    broken.write_bytes(broken.read_bytes()[:-10])
    assert store.missing(2 * CHUNK) == portions[:2]
    for portion in store.missing(4 * CHUNK):
        store.add(_chunk(portion[0], len(portion), exact=_uniform(n=len(portion))))
    seeds = [seed for chunk in store.chunks() for seed in chunk.seeds]
    assert sorted(seeds) == list(range(4 * CHUNK))
    assert store.missing(4 * CHUNK) == []


def test_other_suites_have_another_store(tmp_path: Path):
    """p-values of an older state are not mixed with those of the present one."""
    decisions.build(tmp_path)
    before = decisions.fingerprint(tmp_path)
    assert decisions.fingerprint(tmp_path) == before
    with (tmp_path / "numpy" / "hw5_gan.py").open("a") as file:
        file.write("# changed\n")
    assert decisions.fingerprint(tmp_path) != before


def test_the_command_observes_compares_and_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    """On seeds that are there already, no process is started; a violated law is the exit code."""
    monkeypatch.setattr(decisions, "fingerprint", lambda folder: "known")
    store = Store(tmp_path / "calibration" / "known")
    store.add(_chunk(**{"a check: right": _uniform(), "a check: also right": _uniform(3)}))
    assert main(["calibrate", "--seeds", str(N), "--out", str(tmp_path)]) == 0
    assert "at most 2.00 decisions x 1e-8 = 2e-08" in capsys.readouterr().out
    picture = (tmp_path / "calibration" / "calibration.svg").read_text()
    assert "also right" in picture
    store.add(_chunk(N, n=N, **{"a check: right": _uniform() / 2, "a check: also right": _uniform(3)}))
    assert main(["calibrate", "--seeds", str(N), "--out", str(tmp_path)]) == 1
    assert "a check: right: " in capsys.readouterr().out


def test_the_checks_are_observed_on_a_correct_submission(tmp_path: Path):
    """Two checks, three seeds, each by another submission: p-values that are new for each seed, and no failure."""
    decisions.build(tmp_path)
    checks = ["noise_levels_are_drawn_uniformly_for_each_sample", "langevin_starts_from_the_standard_normal"]
    chunk = decisions.observe(tmp_path, checks, [0, 1, 2])
    assert chunk.failures == []
    assert chunk.decisions == [8, 8, 8]
    assert all(len(set(values)) > 1 for name, values in chunk.p.items() if "neighbours" in name)
    assert set(chunk.p) >= {f"{checks[0]}: counts", f"{checks[1]}: mean square"}
    assert LEVEL <= 1e-6
