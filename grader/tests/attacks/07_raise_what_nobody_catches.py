# attack: 07 | earns: nothing | tries: raise exceptions that are no Exception: KeyboardInterrupt, SystemExit, GeneratorExit, an own one
import itertools


class Stowaway(BaseException):
    pass


_turn = itertools.cycle([KeyboardInterrupt, SystemExit, GeneratorExit, Stowaway, MemoryError, RecursionError])


def _raise(*given, **named):
    raise [KeyboardInterrupt, SystemExit, GeneratorExit, Stowaway][len(given) % 4](0)


DNet = GNet = GAN = ScoreNet = compute_denoising_loss = langevin_dynamics_sample = _raise
