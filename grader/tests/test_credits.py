"""Points flow from the tables of the homework: the credit of every reading is changed, and its checks follow.

A reading with a formula is followed by an imagined submission; any other by a mutant that has it.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from grader.audit import cases
from grader.calibrate.observations import functions
from grader.project import REFERENCE, ROOT, SUITES
from grader.tests.imagined import Imagined
from tests import conftest
from tests.public.test_denoising_loss import EQUAL_SIGMAS
from tests.support import homework
from tests.support.homework import denoising, initialisation, langevin, losses, networks, noise_levels, sampler_output
from tests.support.homework.readings import Part, Reading, Remark
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Finding, Verdict, Wrong

Entry = Reading | Part | Remark
WITHOUT_CREDIT = Remark
"""The type of what is only said."""

EXACT = "denoising_loss_has_the_exact_value"
BY_HAND = "denoising_loss_of_one_point_matches_the_hand_computed_case"
SCALAR = "denoising_loss_is_a_differentiable_scalar"
PERTURBATION = "perturbation_noise_is_standard_normal"
DRAWN = "noise_levels_are_drawn_uniformly_for_each_sample"
START = "langevin_starts_from_the_standard_normal"
NOISE = "langevin_noise_has_variance_twice_the_step_size"
STEP = "langevin_step_size_of_every_level"
ORDER = "langevin_visits_every_level_in_descending_order"
CHAIN = "langevin_continues_the_chain_across_levels"
RETURNS = "langevin_returns_samples_and_trajectories"
BIASES = "biases_start_at_zero"
BOUND = "weights_reach_the_kaiming_bound"
LAW = "initial_weights_follow_the_uniform_law"
D_LOSS = "discriminator_loss_is_binary_cross_entropy"
G_LOSS = "generator_loss_is_binary_cross_entropy"
D_ONE, G_SURE = "discriminator_loss_of_one_image", "generator_loss_stays_finite_at_extreme_logits"
DNET, GNET = "dnet_executes_table_1", "gnet_executes_table_2"
D_PARAMETERS, D_LOGITS = "dnet_parameters_follow_table_1", "dnet_logits_equal_the_closed_form"
SCORENET, S_PARAMETERS = "scorenet_executes_eight_linear_layers", "scorenet_has_distinct_parameters"
S_VALUES = "scorenet_output_equals_the_closed_form"
EPOCH = "one_epoch_of_training_moves_both_networks"


@dataclass(frozen=True)
class Case:
    """Who follows an entry (a mutant's name, or readings), the checks that show it, and its share in them."""

    follows: str | Imagined
    checks: tuple[str, ...]
    share: float = 1.0

    def __hash__(self) -> int:
        return id(self)


HALF = 0.5
"""The share of one of two networks."""

BY_MUTANT: dict[str, Case] = {
    "denoising.NOT_AVERAGED": Case("diffusion_denoising_not_averaged", (SCALAR,)),
    "denoising.NO_GRADIENT": Case("diffusion_denoising_score_detached", (SCALAR,)),
    "denoising.IN_PLACE": Case("diffusion_denoising_data_changed_in_place", (EXACT,)),
    "denoising.ABSOLUTE_VALUE": Case("diffusion_denoising_absolute_value", (EXACT,)),
    "denoising.NOT_SQUARED": Case("diffusion_denoising_norm_not_squared", (EXACT,)),
    "denoising.EVERY_LEVEL": Case("diffusion_denoising_every_level_for_each_sample", (BY_HAND, EXACT, PERTURBATION)),
    "denoising.DATA_MISSING": Case("diffusion_denoising_data_missing", (PERTURBATION,)),
    "denoising.NOISE_TIMES_DATA": Case("diffusion_denoising_z_times_data", (PERTURBATION,)),
    "denoising.DATA_SCALED": Case("diffusion_denoising_data_scaled_down", (PERTURBATION,)),
    "denoising.SHARED_NOISE": Case("diffusion_denoising_z_shared_by_samples", (PERTURBATION,)),
    "denoising.SEEDED_LOSS": Case("diffusion_denoising_seeded", (PERTURBATION,)),
    "denoising.ONE_LEVEL_FOR_ALL": Case("diffusion_denoising_one_sigma_for_the_batch", (DRAWN,)),
    "denoising.DEPENDENT_LEVELS": Case("diffusion_denoising_levels_in_turn", (DRAWN,)),
    "denoising.NEVER_DRAWN": Case("diffusion_denoising_first_level_never_drawn", (DRAWN,)),
    "denoising.LEVELS_AS_WEIGHTS": Case("diffusion_denoising_sigma_as_weights", (DRAWN,)),
    "denoising.ROUNDED_LEVELS": Case("diffusion_denoising_rounded_levels", (DRAWN,)),
    "langevin.SILENT": Case("diffusion_langevin_noise_missing", (NOISE,)),
    "langevin.SHARED_Z": Case("diffusion_langevin_z_shared_by_coordinates", (NOISE,)),
    "langevin.SHARED_START": Case("diffusion_langevin_start_shared_by_samples", (START,)),
    "langevin.LEVELS_NEVER_VISITED": Case("diffusion_langevin_first_level_skipped", (ORDER,)),
    "langevin.ANOTHER_COUNT": Case("diffusion_langevin_steps_hard_coded", (ORDER,)),
    "langevin.NOT_CARRIED_OVER": Case("diffusion_langevin_state_not_carried_over", (CHAIN,)),
    "langevin.RESTARTS_AT_X_0": Case("diffusion_langevin_restart_from_x0", (CHAIN,)),
    "langevin.RESTARTS_ANEW": Case("diffusion_langevin_restart_from_new_noise", (CHAIN,)),
    "sampler_output.TENSOR": Case(Imagined(), (RETURNS,)),
    "sampler_output.LAST_STATES": Case(Imagined(), (RETURNS,)),
    "sampler_output.ARRAY": Case("diffusion_langevin_samples_as_array", (RETURNS,)),
    "sampler_output.LIST": Case("diffusion_langevin_trajectory_as_list", (RETURNS,)),
    "sampler_output.NO_RETURN": Case("diffusion_langevin_trajectory_forgotten", (RETURNS,)),
    "sampler_output.WHOLE_TRAJECTORY": Case("diffusion_langevin_trajectory_always", (RETURNS,)),
    "sampler_output.SAME_STATE": Case("diffusion_langevin_trajectory_aliased", (RETURNS,)),
    "initialisation.NETWORKS: DNet": Case("gan_init_g_dcgan", (BOUND, LAW)),
    "initialisation.NETWORKS: GNet": Case("gan_init_d_default_a", (BOUND, LAW)),
    "initialisation.BIASES_LEFT": Case("gan_init_g_left_at_default", (BIASES,), HALF),
    "initialisation.SOME_BIASES_LEFT": Case("gan_init_d_sequential_not_reached", (BIASES,), HALF),
    "initialisation.SEEDED": Case("gan_init_d_seeded", (BOUND, LAW), HALF),
    "training.MOVES": Case("gan_train_no_grid", (EPOCH,)),
    "training.WRITES": Case("gan_train_g_never_steps", (EPOCH,)),
    "networks.AS_THE_TABLE": Case("", (DNET, GNET)),
    "networks.ONE_SETTING": Case("gan_d_row7_padding_1", (DNET,)),
    "networks.ANOTHER_ORDER": Case("gan_d_pool_before_relu", (DNET,)),
    "networks.NOT_REGISTERED": Case("gan_d_layers_in_a_plain_list", (DNET,)),
    "networks.SHARED_TENSOR": Case(Imagined(tied=True), (D_PARAMETERS,)),
    "networks.ANOTHER_DEFINITION_ORDER": Case("gan_d_definition_order", (D_PARAMETERS,)),
    "networks.BIAS_MISSING": Case("gan_d_row4_no_bias", (D_PARAMETERS,)),
    "networks.FLAT_LOGITS": Case("gan_d_squeezed_logits", (D_LOGITS,)),
    "networks.AS_ASKED": Case("", (SCORENET,)),
    "networks.ONE_DIFFERENCE": Case("diffusion_scorenet_relu", (SCORENET,)),
    "networks.REPEATED_LAYERS": Case("diffusion_scorenet_tied_layers", (S_PARAMETERS,)),
    "networks.ARGUMENTS_UNUSED": Case("diffusion_scorenet_arguments_ignored", (S_PARAMETERS,)),
    "networks.WRONG_DEPTHS: one layer too many": Case("diffusion_scorenet_nine_layers", (S_PARAMETERS,)),
    "networks.WRONG_DEPTHS: one layer is missing": Case("diffusion_scorenet_seven_layers", (S_PARAMETERS,)),
    "losses.SWAPPED": Case("gan_d_loss_labels_swapped", (D_LOSS, D_ONE)),
    "losses.GENERATOR_SWAPPED": Case("gan_g_loss_swapped", (G_LOSS, G_SURE)),
    "losses.SMOOTHED": Case("gan_d_loss_smoothed", (D_LOSS,)),
    "losses.ONLY_REAL": Case("gan_d_loss_only_real", (D_LOSS,)),
    "losses.ONLY_FAKE": Case("gan_d_loss_only_fake", (D_LOSS,)),
    "losses.SUMMED": Case("gan_d_loss_summed", (D_LOSS,)),
    "losses.UNEQUAL": Case("gan_d_loss_unequal", (D_LOSS,)),
    "losses.BROADCAST": Case("gan_d_loss_broadcast", (D_LOSS,)),
    "losses.NEGATIVE": Case("gan_g_loss_negative", (G_LOSS,)),
    "losses.DOUBLE_SIGMOID": Case("gan_d_loss_double_sigmoid", (D_LOSS,)),
    "losses.RAW_LOGS": Case("gan_d_loss_raw_logs", (D_LOSS,)),
    "losses.LEAST_SQUARES": Case("gan_d_loss_least_squares", (D_LOSS,)),
    "losses.WASSERSTEIN": Case("gan_d_loss_wasserstein", (D_LOSS,)),
    "losses.HINGE": Case("gan_d_loss_hinge", (D_LOSS,)),
    "losses.DETACHED": Case("gan_g_loss_detached", (G_LOSS,)),
    "losses.OWN_Z": Case("gan_g_loss_own_z", (G_LOSS,)),
    "losses.NUMBER": Case("gan_d_loss_item", (D_LOSS,)),
    "losses.CUT": Case("gan_d_loss_cut", (D_LOSS,)),
    "losses.NOT_REDUCED": Case("gan_g_loss_not_reduced", (G_LOSS,)),
    "losses.SQUEEZE": Case("gan_d_loss_squeeze", (D_ONE,)),
    "losses.UNSTABLE": Case("gan_g_loss_unstable", (G_SURE,)),
}
"""Who follows the readings that have no formula; the reference has no name."""


def by_formula(entry: Entry) -> Case | None:
    """An imagined submission that follows the reading."""
    match entry:
        case denoising.Weight():
            sigma = np.array(EQUAL_SIGMAS[:1])  # a mistake about samples is none where there is one
            own = denoising.DENOISING_WEIGHTS[0]
            alone = entry is own or not np.allclose(entry.of(sigma, 1), own.of(sigma, 1))
            return Case(Imagined(weight=entry), (EXACT, BY_HAND) if alone else (EXACT,))
        case denoising.Target():
            return Case(Imagined(target=entry), (EXACT, BY_HAND))
        case denoising.Scale():
            return Case(Imagined(scale=entry), (PERTURBATION,))
        case noise_levels.LevelForm():
            return Case(Imagined(form=entry), (EXACT, ORDER))
        case langevin.StepSize():
            return Case(Imagined(step=entry), (STEP,))
        case langevin.NoiseScale():
            return Case(Imagined(noise=entry), (NOISE,))
        case langevin.Start():
            return Case(Imagined(start=entry), (START,))
        case langevin.Order():
            return Case(Imagined(order=entry), (ORDER,))
        case sampler_output.Samples():
            return Case(Imagined(samples=entry), (RETURNS,))
        case sampler_output.Trajectory():
            return Case(Imagined(trajectory=entry), (RETURNS,))
        case losses.DiscriminatorLoss():
            return Case(Imagined(discriminator=entry), (D_LOSS,))
        case losses.GeneratorLoss():
            return Case(Imagined(generator=entry), (G_LOSS,))
        case networks.Forward():
            return Case(Imagined(forward=entry), (S_VALUES,))
        case initialisation.Bound() if entry is initialisation.DNET_BOUNDS[0]:
            return Case(Imagined(), (BOUND, LAW))  # of both networks
        case initialisation.Bound() if entry in initialisation.GNET_BOUNDS:
            return Case(Imagined(gnet=entry), (BOUND, LAW), HALF)
        case initialisation.Bound() | initialisation.Deviation():
            return Case(Imagined(dnet=entry), (BOUND, LAW), HALF)
        case initialisation.Pattern():
            return Case(Imagined(dnet=entry), (LAW,), HALF)
        case _:
            return None


def entries() -> Iterator[tuple[str, Entry]]:
    """Every entry of every table, with its place: module, table, and name where a table has several."""
    known: set[int] = set()
    for module in pkgutil.iter_modules(homework.__path__):
        for table, value in vars(importlib.import_module(f"{homework.__name__}.{module.name}")).items():
            values = value if isinstance(value, tuple) else (value,)
            for one in values:
                if isinstance(one, Reading | Part | Remark) and not table.startswith("_") and id(one) not in known:
                    known.add(id(one))
                    yield f"{module.name}.{table}" + (f": {one.name}" if isinstance(value, tuple) else ""), one


ENTRIES = dict(entries())


@contextlib.contextmanager
def worth(entry: Reading | Part, credit: float) -> Iterator[None]:
    """The entry with another credit, or another share."""
    attribute = "share" if isinstance(entry, Part) else "credit"
    before = getattr(entry, attribute)
    object.__setattr__(entry, attribute, credit)
    try:
        yield
    finally:
        object.__setattr__(entry, attribute, before)


@cache
def mutants() -> dict[str, cases.Case]:
    return {case.name: case for case in cases.mutants()}


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str | Imagined], Submission]:
    """Makes the submission of a case; the same mutant is observed once."""
    made: dict[str, Submission] = {}

    def submission(follows: str | Imagined) -> Submission:
        if isinstance(follows, Imagined):
            return Submission(follows)
        if follows not in made:
            folder = tmp_path_factory.mktemp("submission")
            shutil.copytree(REFERENCE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("data"))
            if follows:
                mutants()[follows].build(folder)
            made[follows] = Submission(InProcess(folder, vocabulary.perform))
        return made[follows]

    return submission


def earned(submission: Submission, check: str) -> float:
    """The share of its points that the check gives."""
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):  # training prints
            functions((check,))[check](submission=submission)
    except Verdict as verdict:
        return verdict.credit
    return 1.0


@pytest.mark.parametrize("place", ENTRIES)
def test_points_follow_the_credit(place: str, submitted: Callable[[str | Imagined], Submission]):
    entry = ENTRIES[place]
    if isinstance(entry, WITHOUT_CREDIT):
        assert not hasattr(entry, "credit")
        return
    case = BY_MUTANT.get(place) or by_formula(entry)
    assert case is not None, (
        f"{place} is a reading without a formula: name a mutant that has it in BY_MUTANT, with the checks that "
        "recognise it, or make it a Remark if it shall have no credit"
    )
    submission = submitted(case.follows)
    for check in case.checks:
        for credit in (0.25, 0.5, 1.0):
            with worth(entry, credit):
                assert earned(submission, check) == pytest.approx(1 - case.share + case.share * credit), (check, credit)


def test_no_entry_is_listed_that_is_not_there():
    assert set(BY_MUTANT) <= set(ENTRIES)


@pytest.mark.parametrize("parts", [initialisation.NETWORKS])
def test_the_shares_of_a_check_sum_up_to_one(parts: tuple[Part, ...]):
    assert sum(part.share for part in parts) == 1


def test_a_table_begins_with_the_reading_of_the_handout():
    for module in pkgutil.iter_modules(homework.__path__):
        for table, value in vars(importlib.import_module(f"{homework.__name__}.{module.name}")).items():
            if isinstance(value, tuple) and value and isinstance(value[0], Reading) and hasattr(value[0], "of"):
                assert value[0].credit == 1 or all(one.credit < 1 for one in value), table


def test_the_smallest_credit_counts():
    """Two lesser readings in one check: a mean over coordinates, and sigma^2 for sigma."""
    weight, form = denoising.DENOISING_WEIGHTS[1], noise_levels.LEVEL_FORMS[3]
    both = Submission(Imagined(weight=weight, form=form))
    with worth(weight, 0.75), worth(form, 0.25):
        assert earned(both, EXACT) == 0.25
    with worth(weight, 0.25), worth(form, 0.75):
        assert earned(both, EXACT) == 0.25


@pytest.mark.parametrize(("credit", "ends"), [(1.0, StopIteration), (0.5, Wrong)])
def test_a_check_whose_findings_earn_all_points_passes(credit: float, ends: type[BaseException]):
    running = conftest.pytest_pyfunc_call()
    next(running)
    with pytest.raises(ends):
        running.throw(Wrong(Finding("seen"), credit=credit))


def test_a_lesser_reading_hides_no_mistake():
    """The weight earns half; the flipped sign of the target earns nothing."""
    both = Imagined(weight=denoising.DENOISING_WEIGHTS[1], target=denoising.DENOISING_TARGETS[1])
    assert earned(Submission(both), EXACT) == 0


@pytest.mark.parametrize(
    ("style", "entry", "check", "left"),
    [
        ("gan_shared_modules", losses.DISCRIMINATOR_LOSSES[1], D_LOSS, 0.5),
        ("diffusion_mean_over_elements", denoising.DENOISING_WEIGHTS[0], EXACT, 0.5),
    ],
)
def test_a_style_loses_half_when_its_convention_earns_half(
    tmp_path: Path, style: str, entry: Reading, check: str, left: float
):
    (known,) = (case for case in cases.styles() if case.name == style)
    known.build(tmp_path)
    shutil.copy(REFERENCE / "hw5_utils.py", tmp_path)
    submission = Submission(InProcess(tmp_path, vocabulary.perform))
    assert earned(submission, check) == 1
    with worth(entry, 0.5):
        assert earned(submission, check) == left


PLANTED = """UNIFORM_MISTAKES = (
    Bound(
        "a=2",
        0.5,
        "This is the bound for a=2. It earns {earns}.",
        lambda fan_in, fan_out: math.sqrt(6 / 5 / fan_in),
    ),
"""


def test_a_planted_mistake_is_recognised_with_no_other_file_touched(tmp_path: Path):
    suites = shutil.copytree(SUITES, tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    table = suites / "support" / "homework" / "initialisation.py"
    text = table.read_text()
    assert text.count("UNIFORM_MISTAKES = (\n") == 1
    table.write_text(text.replace("UNIFORM_MISTAKES = (\n", PLANTED))
    folder = tmp_path / "submission"
    folder.mkdir()
    mutants()["gan_init_d_a_0_2"].build(folder)
    module = folder / "hw5_gan.py"
    changed = module.read_text()
    assert changed.count("a=0.2") == 1
    module.write_text(changed.replace("a=0.2", "a=2"))
    shutil.copy(REFERENCE / "hw5_utils.py", folder)
    command = [sys.executable, "-m", "pytest", "-q", "tests/public/test_gan_initialisation.py"]
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    done = subprocess.run(
        [*command, "--submission", str(folder)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "This is the bound for a=2. It earns half." in done.stdout
