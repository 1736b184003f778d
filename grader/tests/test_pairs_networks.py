"""Two mistakes of 4.1 to 4.3 or 5.1 at once: both are charged and both are told, whichever is carried forward."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest

from grader.audit import cases
from grader.calibrate.decisions import functions
from grader.project import KNOWN, REFERENCE
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Verdict

DNET = ("dnet_executes_table_1", "dnet_parameters_follow_table_1", "dnet_logits_equal_the_closed_form")
GNET = ("gnet_executes_table_2", "gnet_parameters_follow_table_2", "gnet_images_equal_the_closed_form")
SCORENET = (
    "scorenet_executes_eight_linear_layers",
    "scorenet_has_distinct_parameters",
    "scorenet_output_equals_the_closed_form",
)
INITIAL = ("biases_start_at_zero", "weights_reach_the_kaiming_bound", "initial_weights_follow_the_uniform_law")

PAIRS = [
    ("gan_d_row7_padding_1", "gan_d_pool_before_relu", DNET),
    ("gan_d_row7_padding_1", "gan_d_flat_logits_throughout", DNET),
    ("gan_d_row6_pool_kernel_3", "gan_d_squeezed_logits", DNET),
    ("gan_d_row6_pool_kernel_3", "gan_d_definition_order", DNET),
    ("gan_g_row7_4_channels", "gan_g_reshape_hwc", GNET),
    ("gan_g_row5_slope", "gan_g_unused_layer", GNET),
    ("gan_g_sigmoid_missing", "gan_g_zdim_hard_coded", GNET),
    ("gan_g_row3_bilinear", "gan_g_row9_no_bias", GNET),
    ("diffusion_scorenet_n_layers_ignored", "diffusion_scorenet_sigma_first", SCORENET),
    ("diffusion_scorenet_relu", "diffusion_scorenet_not_divided_by_sigma", SCORENET),
    ("diffusion_scorenet_seven_layers", "diffusion_scorenet_multiplied_by_sigma", SCORENET),
    ("diffusion_scorenet_softplus_beta_10", "diffusion_scorenet_log_sigma", SCORENET),
    ("diffusion_scorenet_latent_dim_ignored", "diffusion_scorenet_softplus_beta", SCORENET),
    ("diffusion_scorenet_ten_layers", "diffusion_scorenet_x_added", SCORENET),
    ("gan_init_d_xavier_normal", "gan_init_g_tanh_gain", INITIAL),
    ("gan_init_d_units_are_copies", "gan_init_g_dcgan", INITIAL),
]


@cache
def case(name: str) -> cases.Case:
    return cases.mutant(KNOWN / "mutants" / f"{name}.mutant", sorted(functions()))


@pytest.mark.parametrize(("first", "second", "checks"), PAIRS, ids=lambda one: one if isinstance(one, str) else "")
def test_both_are_charged_and_both_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: str, second: str, checks: tuple[str, ...]
) -> None:
    """Every row loses at least what each alone costs there, and the messages name both."""
    shutil.copytree(REFERENCE, tmp_path / "one", ignore=shutil.ignore_patterns("data"))
    case(first).build(tmp_path / "one")
    monkeypatch.setattr(cases, "REFERENCE", tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "both")
    case(second).build(tmp_path / "both")
    submission = Submission(InProcess(tmp_path / "both", vocabulary.perform))
    messages = []
    for check in checks:
        credit = 1.0
        try:
            functions([check])[check](submission=submission)
        except Verdict as verdict:
            credit = verdict.credit
            messages.append(str(verdict))
        alone = [case(name).of(check) for name in (first, second)]
        most = min(one.share for one in alone)
        assert credit <= most, check
        if all(one.share == 1 for one in alone):
            assert credit == 1, f"{check} is charged for neither: {messages}"
    assert case(first).says in "\n".join(messages)
    assert case(second).says in "\n".join(messages)
