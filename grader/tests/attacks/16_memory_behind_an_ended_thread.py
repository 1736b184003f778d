# attack: 16 | earns: scorenet_executes_eight_linear_layers, scorenet_has_distinct_parameters, scorenet_accepts_every_form_of_sigma, scorenet_output_equals_the_closed_form, denoising_loss_is_a_differentiable_scalar, denoising_loss_of_one_point_matches_the_hand_computed_case, denoising_loss_has_the_exact_value, noise_levels_are_drawn_uniformly_for_each_sample, perturbation_noise_is_standard_normal, langevin_returns_samples_and_trajectories, langevin_visits_every_level_in_descending_order, langevin_step_size_of_every_level, langevin_leaves_inputs_and_gradients_alone, langevin_starts_from_the_standard_normal, langevin_noise_has_variance_twice_the_step_size, langevin_continues_the_chain_across_levels | in: hw5_gan | base: reference | tries: let the first thread of a process end: what the kernel tells of the process is then that of a dead one
import ctypes as _ctypes
import os as _os
import threading as _threading
import time as _time

del DNet, GNet, GAN  # first: an import that is interrupted half way is graded as far as it came

_EXIT = 60 if _os.uname().machine == "x86_64" else 93


def _take():
    _time.sleep(0.1)
    kept = []
    for _ in range(48):
        kept.append(bytearray(b"x" * 2**26))
        _time.sleep(0.01)
    print("LEAK 3 GiB that nobody has noticed", flush=True)
    _time.sleep(600)


if _os.fork() == 0:
    _threading.Thread(target=_take).start()
    _ctypes.CDLL(None).syscall(_EXIT, 0)
_time.sleep(4)
