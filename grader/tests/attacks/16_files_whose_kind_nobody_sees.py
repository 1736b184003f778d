# attack: 16 | earns: scorenet_executes_eight_linear_layers, scorenet_has_distinct_parameters, scorenet_accepts_every_form_of_sigma, scorenet_output_equals_the_closed_form, denoising_loss_is_a_differentiable_scalar, denoising_loss_of_one_point_matches_the_hand_computed_case, denoising_loss_has_the_exact_value, noise_levels_are_drawn_uniformly_for_each_sample, perturbation_noise_is_standard_normal, langevin_returns_samples_and_trajectories, langevin_visits_every_level_in_descending_order, langevin_step_size_of_every_level, langevin_leaves_inputs_and_gradients_alone, langevin_starts_from_the_standard_normal, langevin_noise_has_variance_twice_the_step_size, langevin_continues_the_chain_across_levels | in: hw5_gan | base: reference | tries: write files without a name where the runner may list descriptors, and not ask what they are
import os as _os
import time as _time

del DNet, GNet, GAN  # first: an import that is interrupted half way is graded as far as it came

_kept = []
try:
    for _number in range(60):
        _kept.append(open(f"stowaway{_number}", "wb"))
        _os.unlink(f"stowaway{_number}")
        for _ in range(60):
            _kept[-1].write(b"x" * 2**20)
        _kept[-1].flush()
    _time.sleep(0.5)
    print("LEAK 3.6 GB that nobody has noticed", flush=True)
except OSError:
    pass
