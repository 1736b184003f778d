# attack: 16 | earns: dnet_executes_table_1, dnet_parameters_follow_table_1, dnet_logits_equal_the_closed_form, gnet_executes_table_2, gnet_parameters_follow_table_2, gnet_images_equal_the_closed_form, biases_start_at_zero, weights_reach_the_kaiming_bound, initial_weights_follow_the_uniform_law, discriminator_loss_is_binary_cross_entropy, discriminator_loss_of_one_image, discriminator_loss_stays_finite_at_extreme_logits, generator_loss_is_binary_cross_entropy, generator_loss_of_one_image, generator_loss_stays_finite_at_extreme_logits, one_epoch_of_training_moves_both_networks, scorenet_executes_eight_linear_layers, scorenet_has_distinct_parameters, scorenet_accepts_every_form_of_sigma, scorenet_output_equals_the_closed_form, denoising_loss_is_a_differentiable_scalar, denoising_loss_of_one_point_matches_the_hand_computed_case, denoising_loss_has_the_exact_value, noise_levels_are_drawn_uniformly_for_each_sample, perturbation_noise_is_standard_normal | in: hw5_diffusion | base: reference | tries: record calls of 1,000 sizes and two million of none
import sys as _sys

import numpy as _np

_vocabulary = _sys.modules["tests.support.probes.vocabulary"]
_real = _vocabulary.perform


def _perform(folder, module, operation, a, *others):
    if operation != "langevin":
        return _real(folder, module, operation, a, *others)
    sizes = _np.concatenate([_np.arange(1000), _np.zeros(2_000_000), [3]]).astype(_np.int32)
    n = int(sizes.sum())
    if n % a["n_samples"] == 0:
        sizes[-1] += 1
        n += 1
    values = _np.zeros((n, 2), _np.float32)
    returned = {"kind": "Tensor", "shape": [a["n_samples"], 2], "values": _np.zeros((a["n_samples"], 2)), "differentiable": False}
    record = {"points": values, "levels": _np.ones(n, _np.float32), "scores": values, "sizes": sizes, "repeats": _np.ones_like(sizes)}
    return {"observation": {**record, "refused": "", "sigmas_changed": False, "parameter_gradient": False, "returned": returned}}, None


_vocabulary.perform = _perform
