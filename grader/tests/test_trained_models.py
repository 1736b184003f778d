"""What is said of a trained network: a table from artifacts to advice, in this process and through the runner."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from grader.project import TEMPLATE
from grader.report.results import Results
from grader.tests.places import Grade
from grader.tests.trained import ONE_BY_ONE, TIED, hand_in, locally, sampler, state
from tests.support.advice import pattern, spelling, trained_model
from tests.support.homework.figures import PATHS, SCORE_FIELD, STEPS
from tests.support.observed import artifacts
from tests.support.probes import artifacts as probe_artifacts

CHECK = "the_trained_score_network"
State = dict[str, torch.Tensor]
BOX = np.random.default_rng(0).uniform(pattern.points().min(axis=0), pattern.points().max(axis=0), (1000, 2))
DATA = pattern.points() + 0.01 * np.random.default_rng(0).normal(size=pattern.points().shape)


def altered(last: Callable[[torch.Tensor], torch.Tensor]) -> State:
    """The trained parameters with another last layer."""
    parameters = state()
    return parameters | {name: last(parameters[name]) for name in ("net.14.weight", "net.14.bias")}


def untrained() -> State:
    """Parameters as torch draws them."""
    torch.manual_seed(0)
    parameters = {}
    for place, (inputs, outputs) in enumerate([(3, 128), *[(128, 128)] * 6, (128, 2)]):
        layer = torch.nn.Linear(inputs, outputs)
        parameters |= {f"net.{2 * place}.{name}": tensor for name, tensor in layer.state_dict().items()}
    return parameters


def narrow() -> State:
    """Parameters of a network with fewer latent dimensions."""
    return {name: tensor[..., :64] for name, tensor in state().items()}


JUDGED = {
    "right": ("", "spells", 1.0, "model.ckpt spells CS446."),
    "under another key": ("", {"model": {f"module.{k}": v for k, v in state().items()}}, 1.0, "spells CS446."),
    "final samples only": (sampler(returned="x"), "spells", 1.0, "spells CS446."),
    "tied in tied": (TIED, "tied", 1.0, "spells CS446."),
    "tied in plain": ("", "tied", 1.0, "spells CS446."),
    "plain in tied": (TIED, "spells", 0.0, "shares its values with another layer"),
    "stopped early": ("", "stopped_early", 0.5, "has not learned enough"),
    "untrained": ("", untrained(), 0.0, "as good as untrained"),
    "plateau": ("", altered(lambda tensor: 0.01 * tensor), 0.0, "training sat on its plateau"),
    "wrong sign": ("", altered(lambda tensor: -tensor), 0.0, "the sign of the target"),
    "not finite": ("", altered(lambda tensor: tensor * np.nan), 0.0, "its training diverged"),
    "no sigma_L": (sampler(alpha="eps * sigma**2"), "spells", 0.0, "do not come close enough"),
    "no noise": (sampler(noise="0"), "spells", 0.0, "gather in a few places"),
    "large steps": (sampler(alpha="1e6 * sigma"), "spells", 0.0, "run away"),
    "no samples": (sampler(returned="None"), "spells", 0.0, "the sampler did not return samples"),
    "raises": (sampler(alpha="1 / 0"), "spells", 0.0, "Your code raised ZeroDivisionError"),
    "other size": ("", narrow(), 0.0, "another network than your ScoreNet() (net.0.bias has the shape"),
    "layer missing": ("", {k: v for k, v in state().items() if "14" not in k}, 0.0, "net.14.weight is not in it"),
    "whole network": ("", torch.nn.Linear(2, 2), 0.0, "save the parameters alone"),
    "a list": ("", [1, 2], 0.0, "holds no parameters"),
    "broken": ("", b"PK\x03\x04 and then nothing", 0.0, "cannot be opened"),
    "empty": ("", b"", 0.0, "cannot be opened"),
}
"""The variation of the sources, the checkpoint, the credit and a part of the advice."""


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in the bench; on a busy machine, two threads wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.mark.parametrize(("variation", "checkpoint", "credit", "says"), JUDGED.values(), ids=JUDGED)
def test_a_checkpoint_is_judged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variation: str, checkpoint: object, credit: float, says: str
):
    monkeypatch.setattr(probe_artifacts, "SIZES", (250,))  # a quarter of the time
    advice = trained_model.advise(locally(hand_in(tmp_path, variation, checkpoint)))
    assert says in advice.text
    assert advice.credit == credit


POINTS = {
    "data": ({"points": DATA}, 0.5, "samples.npz spells CS446"),
    "with other arrays": ({"points": DATA, "digits": np.zeros(3)}, 0.5, "samples.npz spells CS446"),
    "box": ({"points": BOX}, 0.0, "Points spread evenly over the page would do as well."),
    "normal": ({"points": np.random.default_rng(0).normal(size=(1000, 2))}, 0.0, "does not spell CS446: 2"),
    "near the data": ({"points": DATA + 0.1 * np.random.default_rng(1).normal(size=DATA.shape)}, 0.5, "nearly spells"),
    "few": ({"points": DATA[::10]}, 0.5, "samples of the exact score would reach"),
    "one letter": ({"points": DATA[DATA[:, 0] < -1]}, 0.0, "does not spell"),
    "not finite": ({"points": np.where(DATA > 0, DATA, np.inf)}, 0.0, "points are not finite"),
    "other key": ({"samples": DATA}, 0.0, 'no array "points"'),
    "other shape": ({"points": DATA[None]}, 0.0, "an array of shape (1, 1291, 2)"),
    "objects": ({"points": np.array([[{}, {}]], dtype=object)}, 0.0, "cannot be opened (ValueError)"),
    "text": ({"points": np.array([["a", "b"]])}, 0.0, 'no array "points"'),
}


@pytest.mark.parametrize(("arrays", "credit", "says"), POINTS.values(), ids=POINTS)
def test_samples_alone_are_judged_by_their_place(
    tmp_path: Path, arrays: dict[str, np.ndarray], credit: float, says: str
):
    advice = trained_model.advise(locally(hand_in(tmp_path, **arrays)))
    assert says in advice.text
    assert "There is no model.ckpt" in advice.text
    assert advice.credit == credit
    assert advice.measures == {}


def test_samples_and_checkpoint_of_two_runs_are_told(tmp_path: Path):
    advice = trained_model.advise(locally(hand_in(tmp_path, "", untrained(), points=DATA)))
    assert 'samples.npz: "spells CS446", but model.ckpt with your sampler: "the network is not right"' in advice.text
    assert advice.credit == 0


def test_the_right_network_is_drawn_and_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(probe_artifacts, "SIZES", (spelling.FULL,))  # however busy this machine is
    advice = trained_model.advise(locally(hand_in(tmp_path, "", "spells", points=DATA)))
    assert [picture.kind for picture in advice.pictures] == [SCORE_FIELD, STEPS, PATHS]
    assert all(any(character.isdigit() for character in picture.alt) for picture in advice.pictures)
    assert advice.measures == {trained_model.MEASURE: pytest.approx(0.9, abs=0.05)}
    assert "but model.ckpt" not in advice.text


def test_a_constant_step_size_nearly_spells_and_is_blamed_on_the_sampler(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr(probe_artifacts, "SIZES", (spelling.FULL,))  # fewer would be near the margin of coverage
    advice = trained_model.advise(locally(hand_in(tmp_path, sampler(alpha="0 * sigma + eps"), "spells")))
    assert "nearly spells" in advice.text
    assert "The network is right, the sampler is not" in advice.text
    assert advice.credit == 0.5


def test_a_sampler_that_takes_its_time_draws_fewer_samples(tmp_path: Path):
    hand_in(tmp_path, sampler(code=ONE_BY_ONE), "spells")
    submission = locally(tmp_path)
    assert len(artifacts.trained_model(submission).samples) < spelling.FULL
    assert "samples of the exact score would reach" in trained_model.advise(submission).text


def test_nothing_handed_in_samples_nothing(tmp_path: Path):
    submission = locally(hand_in(tmp_path))
    advice = trained_model.advise(submission)
    assert "Add model.ckpt" in advice.text
    assert advice.credit == 0
    assert [key.split()[1] for key in submission._known._kept] == ["artifacts"]


def test_the_pattern_is_that_of_the_homework():
    import hw5_utils

    assert np.array_equal(pattern.points(), hw5_utils.create_samples(noise=0))
    assert pattern.GLYPHS == hw5_utils.GLYPHS


def test_the_closed_score_is_the_gradient_of_its_density():
    x, step = artifacts.score_points().astype(np.float64), 1e-6
    score, density = pattern.score(x, artifacts.SCORE_SIGMA)
    for axis in (0, 1):
        log_ratio = np.log(pattern.score(x + step * np.eye(2)[axis], artifacts.SCORE_SIGMA)[1] / density)
        assert np.allclose(log_ratio / step, score[:, axis], atol=1e-2)


def test_the_score_agrees_with_itself_and_not_with_its_opposite():
    x = artifacts.score_points().astype(np.float64)
    own, _ = pattern.score(x, artifacts.SCORE_SIGMA)
    same, opposite, double = (spelling.field(x, factor * own, artifacts.SCORE_SIGMA) for factor in (1, -1, 2))
    assert same.right
    assert not opposite.right
    assert not double.right
    assert (same.agreement, opposite.agreement, double.size) == pytest.approx((1, -1, 2))


@pytest.mark.parametrize(("n", "measured"), [(1000, 0.960), (250, 0.568), (100, 0.287), (40, 0.122)])
def test_attainable_coverage_is_what_the_exact_score_reaches(n: int, measured: float):
    assert spelling.attainable_coverage(n) == pytest.approx(measured, rel=0.08)


SEEDS = np.load(Path(__file__).parent / "artifacts" / "seeds.npz")["points"].astype(np.float64)
"""The final samples of the reference's own script with seeds 0 to 19, (20, 1000, 2), as samples.npz has them."""


@pytest.mark.parametrize("seed", range(len(SEEDS)))
def test_the_reference_spells_with_every_seed(seed: int):
    assert spelling.measure(SEEDS[seed]).reaches(spelling.SPELLS)


def test_an_even_spread_never_nearly_spells():
    assert spelling.precision(BOX) < spelling.evenly_spread() < 0.75


def test_the_runner_gives_the_same_advice_for_a_zip(grade: Grade, tmp_path: Path):
    folder = hand_in(tmp_path / "homework", "", "spells", points=DATA)
    results = grade(Path(shutil.make_archive(str(tmp_path / "homework"), "zip", tmp_path, folder.name)))
    assert "model.ckpt spells CS446." in results.outcomes[CHECK].output
    assert "samples.npz spells CS446" in results.outcomes[CHECK].output
    assert results.score == results.possible


def test_nothing_trained_costs_nothing(reference_results: Results, template_results: Results):
    for results in (reference_results, template_results):
        assert "Add model.ckpt" in results.outcomes[CHECK].output
    assert (reference_results.score, template_results.score) == (reference_results.possible, 0)


def test_a_checkpoint_of_an_unwritten_network_is_not_judged(grade: Grade, tmp_path: Path):
    folder = hand_in(tmp_path / "homework", "", "spells")
    shutil.copy(TEMPLATE / "hw5_diffusion.py", folder)
    outcome = grade(folder).outcomes[CHECK]
    assert "could not be judged: Not implemented yet: 5.1" in outcome.output
