"""Who follows each reading of the homework's tables: the submissions that show what an entry earns."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass

from grader.tests.imagined import Imagined
from tests.support import homework
from tests.support.homework import (
    denoising,
    initialisation,
    langevin,
    langevin_noise,
    langevin_states,
    losses,
    networks,
    noise_levels,
    perturbation,
    sampler_output,
)
from tests.support.homework.readings import Part, Reading, Remark

Entry = Reading | Part | Remark
EXACT = "denoising_loss_has_the_exact_value"
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
D_ONE, D_SURE = "discriminator_loss_of_one_image", "discriminator_loss_stays_finite_at_extreme_logits"
G_SURE = "generator_loss_stays_finite_at_extreme_logits"
DNET, GNET = "dnet_executes_table_1", "gnet_executes_table_2"
D_PARAMETERS, D_LOGITS = "dnet_parameters_follow_table_1", "dnet_logits_equal_the_closed_form"
SCORENET, S_PARAMETERS = "scorenet_executes_eight_linear_layers", "scorenet_has_distinct_parameters"
S_VALUES = "scorenet_output_equals_the_closed_form"
EPOCH = "one_epoch_of_training_moves_both_networks"


@dataclass(frozen=True)
class Follower:
    """Who follows an entry (a mutant's name, or readings), the checks that show it, and its share in them."""

    follows: str | Imagined
    checks: tuple[str, ...]
    share: float = 1.0

    def __hash__(self) -> int:
        return id(self)


HALF = 0.5
"""The share of one of two networks."""

BY_MUTANT: dict[str, Follower] = {
    "denoising.NOT_AVERAGED": Follower("diffusion_denoising_not_averaged", (SCALAR,)),
    "denoising.NO_GRADIENT": Follower("diffusion_denoising_score_detached", (SCALAR,)),
    "denoising.AT_THE_DATA": Follower("diffusion_denoising_score_at_clean_points", (EXACT,)),
    "denoising.ARGUMENTS: untouched": Follower("", (EXACT,)),
    "denoising.ARGUMENTS: in place": Follower("diffusion_denoising_changed_in_place_afterwards", (EXACT,)),
    "denoising.ARGUMENTS: moved in place": Follower("diffusion_denoising_data_changed_in_place", (EXACT,)),
    "denoising.DRAWS: one z": Follower("", (EXACT,)),
    "denoising.DRAWS: another z": Follower("diffusion_denoising_second_z", (EXACT,)),
    "denoising.DATA: as given": Follower("", (PERTURBATION,)),
    "denoising.DATA: with noise": Follower("diffusion_denoising_noise_added_to_the_data", ()),
    "denoising.SAMPLES: each once": Follower("", (EXACT,)),
    "denoising.SAMPLES: with replacement": Follower("diffusion_denoising_with_replacement", (EXACT,)),
    "denoising.SAMPLES: some of them": Follower("diffusion_denoising_half_of_the_samples", (EXACT,)),
    "denoising.LEVELS_OF_A_SAMPLE: one": Follower("", (DRAWN,)),
    "denoising.LEVELS_OF_A_SAMPLE: every level, averaged": Follower(
        "diffusion_denoising_every_level_for_each_sample", (DRAWN,)
    ),
    "denoising.LEVELS_OF_A_SAMPLE: every level, summed": Follower("diffusion_denoising_sum_over_levels", (DRAWN,)),
    "perturbation.FITTED_SCALES: clamped": Follower("diffusion_denoising_noise_clamped", (PERTURBATION,)),
    "perturbation.FITTED_SCALES: noise besides": Follower("diffusion_denoising_noise_besides", (PERTURBATION,)),
    "perturbation.FITTED_SCALES: multiple": Follower("diffusion_denoising_noise_a_third_larger", (PERTURBATION,)),
    "perturbation.FITTED_SCALES: constant": Follower("diffusion_denoising_noise_of_one_size", (PERTURBATION,)),
    "perturbation.NOISE_LAWS: normal": Follower("", (PERTURBATION,)),
    "perturbation.NOISE_LAWS: rand": Follower("diffusion_denoising_rand", (PERTURBATION,)),
    "perturbation.NOISE_LAWS: uniform": Follower("diffusion_denoising_uniform", (PERTURBATION,)),
    "perturbation.NOISE_LAWS: centred": Follower("diffusion_denoising_centred", (PERTURBATION,)),
    "perturbation.NOISE_LAWS: uniform, variance 1": Follower(
        "diffusion_denoising_uniform_unit_variance", (PERTURBATION,)
    ),
    "perturbation.NOISE_LAWS: Laplace": Follower("diffusion_denoising_laplace", (PERTURBATION,)),
    "perturbation.NOISE_LAWS: within two": Follower("diffusion_denoising_truncated_normal", (PERTURBATION,)),
    "perturbation.NOISE_LAWS: positive": Follower("diffusion_denoising_positive_noise", (PERTURBATION,)),
    "perturbation.SHARINGS: none": Follower("", (PERTURBATION,)),
    "perturbation.SHARINGS: coordinates": Follower("diffusion_denoising_z_shared_by_coordinates", (PERTURBATION,)),
    "perturbation.SHARINGS: samples": Follower("diffusion_denoising_z_shared_by_samples", (PERTURBATION,)),
    "perturbation.SHARINGS: all": Follower("diffusion_denoising_scalar_z", (PERTURBATION,)),
    "perturbation.SEEDED_LOSS": Follower("diffusion_denoising_seeded", (PERTURBATION,)),
    "perturbation.NO_NOISE": Follower("diffusion_denoising_no_noise", (PERTURBATION,)),
    "perturbation.ARRANGEMENTS: independent": Follower("", (DRAWN,)),
    "perturbation.ARRANGEMENTS: one for all": Follower("diffusion_denoising_one_sigma_for_the_batch", (DRAWN,)),
    "perturbation.ARRANGEMENTS: in turn": Follower("diffusion_denoising_levels_in_turn", (DRAWN,)),
    "perturbation.ARRANGEMENTS: sorted": Follower("diffusion_denoising_levels_sorted", (DRAWN,)),
    "perturbation.CONTINUOUS_LEVELS: continuous": Follower("diffusion_denoising_continuous_sigma", (DRAWN,)),
    "perturbation.CONTINUOUS_LEVELS: continuous logarithm": Follower(
        "diffusion_denoising_continuous_log_sigma", (DRAWN,)
    ),
    "perturbation.CLAMPED_LEVELS": Follower("diffusion_denoising_sigma_clamped", (DRAWN,)),
    "perturbation.LEVEL_OF_A_COORDINATE": Follower("diffusion_denoising_sigma_for_each_coordinate", (DRAWN,)),
    "langevin.LEVELS_NEVER_VISITED": Follower("diffusion_langevin_first_level_skipped", (ORDER,)),
    "langevin.ANOTHER_COUNT": Follower("diffusion_langevin_steps_hard_coded", (ORDER,)),
    "langevin.KEPT_ANSWER": Follower("diffusion_langevin_asked_once_a_level", ()),
    "langevin.LEVEL_ORDERS: asked once a level": Follower("diffusion_langevin_asked_once_a_level", (ORDER,)),
    "langevin.ONE_LEVEL_TOLD": Follower("diffusion_langevin_one_sigma_to_the_network", (ORDER,)),
    "langevin_states.OTHER_STARTS: clipped": Follower("diffusion_langevin_start_clipped", (START,)),
    "langevin_states.CLIPPED": Follower("diffusion_langevin_clipped", (CHAIN,)),
    "langevin_states.FROZEN": Follower("diffusion_langevin_frozen", (CHAIN,)),
    "sampler_output.TENSOR": Follower(Imagined(), (RETURNS,)),
    "sampler_output.LAST_STATES": Follower(Imagined(), (RETURNS,)),
    "sampler_output.ARRAY": Follower("diffusion_langevin_samples_as_array", (RETURNS,)),
    "sampler_output.LIST": Follower("diffusion_langevin_trajectory_as_list", (RETURNS,)),
    "sampler_output.NO_RETURN": Follower("diffusion_langevin_trajectory_forgotten", (RETURNS,)),
    "sampler_output.DENOISED": Follower("diffusion_langevin_denoised_at_the_end", (RETURNS,)),
    "sampler_output.WHOLE_TRAJECTORY": Follower("diffusion_langevin_trajectory_always", (RETURNS,)),
    "sampler_output.SAME_STATE": Follower("diffusion_langevin_trajectory_aliased", (RETURNS,)),
    "initialisation.NETWORKS: DNet": Follower("gan_init_g_left_at_default", (BOUND, LAW)),
    "initialisation.NETWORKS: GNet": Follower("gan_init_d_default_a", (BOUND, LAW)),
    "initialisation.FRAMEWORK_BIAS": Follower("gan_init_g_left_at_default", ()),
    "initialisation.ANOTHER_BOUND": Follower("gan_init_d_weights_scaled", (BOUND,), HALF),
    "initialisation.BIASES_LEFT": Follower("gan_init_g_left_at_default", (BIASES,), HALF),
    "initialisation.SOME_BIASES_LEFT": Follower("gan_init_d_sequential_not_reached", (BIASES,), HALF),
    "initialisation.SEEDED": Follower("gan_init_d_seeded", (BOUND,), HALF),
    "training.MOVES": Follower("gan_train_no_grid", (EPOCH,)),
    "training.WRITES": Follower("gan_train_g_never_steps", (EPOCH,)),
    "networks.AS_THE_TABLE": Follower("", (DNET, GNET)),
    "networks.ONE_SETTING": Follower("gan_d_row7_padding_1", (DNET,)),
    "networks.ANOTHER_ORDER": Follower("gan_d_pool_before_relu", (DNET,)),
    "networks.NOT_REGISTERED": Follower("gan_d_layers_in_a_plain_list", (DNET,)),
    "networks.SHARED_TENSOR": Follower(Imagined(tied=True), (D_PARAMETERS,)),
    "networks.ANOTHER_DEFINITION_ORDER": Follower("gan_d_definition_order", (D_PARAMETERS,)),
    "networks.ZDIM_UNUSED": Follower("gan_g_zdim_hard_coded", ("gnet_parameters_follow_table_2",)),
    "networks.FLAT_LOGITS": Follower("gan_d_squeezed_logits", (D_LOGITS,)),
    "networks.AS_ASKED": Follower("", (SCORENET,)),
    "networks.ONE_DIFFERENCE": Follower("diffusion_scorenet_relu", (SCORENET,)),
    "networks.REPEATED_LAYERS": Follower("diffusion_scorenet_tied_layers", (S_PARAMETERS,)),
    "losses.GRADIENTS: of all images": Follower("", (D_LOSS, G_LOSS)),
    "losses.GRADIENTS: of real ones": Follower("gan_d_loss_fake_logits_cut_off", (D_LOSS,)),
    "losses.GRADIENTS: of generated ones": Follower("gan_d_loss_real_logits_cut_off", (D_LOSS,)),
    "loss_families.DISCRIMINATOR_FAMILIES: another factor": Follower("gan_d_loss_tenfold", (D_LOSS,)),
    "loss_families.DISCRIMINATOR_FAMILIES: constant added": Follower("gan_d_loss_constant_added", (D_LOSS,)),
    "loss_families.DISCRIMINATOR_FAMILIES: other labels": Follower("gan_d_loss_smoothed", (D_LOSS,)),
    "loss_families.DISCRIMINATOR_FAMILIES: penalty": Follower("gan_d_loss_penalty", (D_LOSS,)),
    "loss_families.GENERATOR_FAMILIES: penalty": Follower("gan_g_loss_penalty", (G_LOSS,)),
    "loss_families.DISCRIMINATOR_FAMILIES: unequal": Follower("gan_d_loss_unequal", (D_LOSS,)),
    "loss_families.GENERATOR_FAMILIES: another factor": Follower("gan_g_loss_halved", (G_LOSS,)),
    "loss_families.GENERATOR_FAMILIES: constant added": Follower("gan_g_loss_constant_added", (G_LOSS,)),
    "loss_families.GENERATOR_FAMILIES: another label": Follower("gan_g_loss_smoothed", (G_LOSS,)),
    "losses.TENSOR": Follower("", (D_LOSS, G_LOSS)),
    "losses.BACKWARD_INSIDE": Follower(Imagined(backpropagated=True), (D_LOSS, G_LOSS)),
    "networks.SCORENET_SIZES: n_layers layers of width latent_dim": Follower("", (SCORENET,)),
    "networks.SCORENET_SIZES: n_layers is not used": Follower("diffusion_scorenet_n_layers_ignored", (SCORENET,)),
    "networks.SCORENET_SIZES: latent_dim is not used": Follower("diffusion_scorenet_latent_dim_ignored", (SCORENET,)),
    "networks.SCORENET_SIZES: the arguments are not used": Follower(
        "diffusion_scorenet_arguments_ignored", (SCORENET,)
    ),
    "networks.SCORENET_SIZES: one layer too many": Follower("diffusion_scorenet_nine_layers", (SCORENET,)),
    "networks.SCORENET_SIZES: two layers too many": Follower("diffusion_scorenet_ten_layers", (SCORENET,)),
    "networks.SCORENET_SIZES: one layer is missing": Follower("diffusion_scorenet_seven_layers", (SCORENET,)),
    "networks.LAYOUTS: channels, rows, columns": Follower("", (D_LOGITS, "gnet_images_equal_the_closed_form")),
    "networks.LAYOUTS: rows, columns, channels": Follower("gan_g_reshape_hwc", ("gnet_images_equal_the_closed_form",)),
    "networks.LAYOUTS: channels, columns, rows": Follower(
        "gan_g_rows_and_columns_swapped", ("gnet_images_equal_the_closed_form",)
    ),
    "losses.NUMBER": Follower("gan_d_loss_item", (D_LOSS,)),
    "losses.CUT": Follower("gan_d_loss_cut", (D_LOSS,)),
    "losses.NOT_REDUCED": Follower("gan_g_loss_not_reduced", (G_LOSS,)),
    "losses.REACHES": Follower("", (G_LOSS,)),
    "losses.DETACHED": Follower("gan_g_loss_detached", (G_LOSS,)),
    "losses.ELSEWHERE": Follower("gan_g_loss_half_of_the_gradient", (G_LOSS,)),
    "losses.NOTHING_ADDED": Follower("", (D_LOSS, G_LOSS)),
    "losses.ADDED": Follower("gan_d_loss_images_penalised", (D_LOSS,)),
    "losses.ALL_IMAGES": Follower("", (D_LOSS, G_LOSS)),
    "losses.CHANGED_IMAGES": Follower("gan_d_loss_generated_images_rescaled", (D_LOSS,)),
    "losses.OTHER_IMAGES": Follower("gan_d_loss_images_of_noise", (D_LOSS,)),
    "losses.OTHER_Z": Follower("gan_g_loss_latents_normalised", (G_LOSS,)),
    "losses.GIVEN_Z": Follower("", (D_LOSS, G_LOSS)),
    "losses.OWN_Z": Follower("gan_g_loss_own_z", (G_LOSS,)),
    "losses.CHANGED_Z": Follower("gan_d_loss_latents_halved", (D_LOSS,)),
    "losses.SQUEEZE": Follower("gan_d_loss_squeeze", (D_ONE,)),
    "losses.UNSTABLE": Follower("gan_g_loss_unstable", (G_SURE,)),
    "losses.UNSTABLE_PRODUCT": Follower("gan_d_loss_unstable_product", (D_SURE,)),
}
"""Who follows the readings that have no formula; the reference has no name."""


def by_formula(entry: Entry) -> Follower | None:
    """An imagined submission that follows the reading."""
    match entry:
        case denoising.Weight():
            return Follower(Imagined(weight=entry), (EXACT,))
        case denoising.Target():
            return Follower(Imagined(target=entry), (EXACT,))
        case denoising.Norm():
            return Follower(Imagined(norm=entry), (EXACT,))
        case denoising.Outer():
            return Follower(Imagined(outer=entry), (EXACT,))
        case perturbation.Centre():
            return Follower(Imagined(centre=entry), (PERTURBATION,))
        case perturbation.Scale():
            return Follower(Imagined(scale=entry), (PERTURBATION,))
        case perturbation.LevelLaw():
            return Follower(Imagined(law=entry), (DRAWN,))
        case noise_levels.LevelForm():
            return Follower(Imagined(form=entry), (EXACT, ORDER))
        case langevin.StepSize():
            return Follower(Imagined(step=entry), (STEP,))
        case langevin_noise.NoiseScale():
            return Follower(Imagined(noise=entry), (NOISE,))
        case langevin_noise.NoisePlace():
            return Follower(Imagined(noise_place=entry), (NOISE,))
        case langevin_noise.NoiseLaw():
            return Follower(Imagined(noise_law=entry), (NOISE,))
        case langevin_noise.NoiseShare():
            return Follower(Imagined(noise_share=entry), (NOISE,))
        case langevin_states.Start() | langevin_states.AnotherStart():
            return Follower(Imagined(start=entry), (START,))
        case langevin_states.StartShare():
            return Follower(Imagined(start_share=entry), (START,))
        case langevin_states.State():
            return Follower(Imagined(state=entry), (CHAIN,))
        case langevin.Order():
            return Follower(Imagined(order=entry), (ORDER,))
        case sampler_output.Samples():
            return Follower(Imagined(samples=entry), (RETURNS,))
        case sampler_output.Trajectory():
            return Follower(Imagined(trajectory=entry), (RETURNS,))
        case losses.DiscriminatorLoss():
            return Follower(Imagined(discriminator=entry), (D_LOSS,))
        case losses.GeneratorLoss():
            return Follower(Imagined(generator=entry), (G_LOSS,))
        case losses.LossSize() if any(entry is one for one in losses.DISCRIMINATOR_SIZES):
            return Follower(Imagined(discriminator_size=entry), (D_LOSS,))
        case losses.LossSize():
            return Follower(Imagined(generator_size=entry), (G_LOSS,))
        case networks.ScoreInput():
            return Follower(Imagined(enters=entry), (S_VALUES,))
        case networks.ScoreOutput():
            return Follower(Imagined(leaves=entry), (S_VALUES,))
        case initialisation.Bound() if entry is initialisation.DNET_BOUNDS[0]:
            return Follower(Imagined(), (BOUND,))  # of both networks
        case initialisation.Bound() if entry in initialisation.GNET_BOUNDS:
            return Follower(Imagined(gnet=entry), (BOUND,), HALF)
        case initialisation.Bound() if entry is initialisation.FRAMEWORK_DEFAULT:
            return Follower(Imagined(dnet=entry), (BOUND, LAW), HALF)
        case initialisation.Bound() | initialisation.Deviation():
            return Follower(Imagined(dnet=entry), (BOUND,), HALF)
        case initialisation.Pattern():
            return Follower(Imagined(dnet=entry), (LAW,), HALF)
        case _:
            return None


WRITTEN = ("chain", "conditional", "posterior", "returned", "written")
"""The tables of Problems 1 to 3, whose mutants follow them all at once (`test_credits.py`)."""


def tables() -> Iterator[tuple[str, object]]:
    """Every table and every single entry, with its place: module and name."""
    for module in pkgutil.iter_modules(homework.__path__):
        if module.name in WRITTEN:
            continue
        for name, value in vars(importlib.import_module(f"{homework.__name__}.{module.name}")).items():
            if not name.startswith("_"):
                yield f"{module.name}.{name}", value


def entries() -> Iterator[tuple[str, Entry]]:
    """Every entry of every table, with its place: module, table, and name where a table has several."""
    known: set[int] = set()
    for place, value in tables():
        members = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else None
        for one in (value,) if members is None else members:
            if isinstance(one, Reading | Part | Remark) and id(one) not in known:
                known.add(id(one))
                yield place if members is None else f"{place}: {one.name}", one
