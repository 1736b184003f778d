# attack: 04 | earns: nothing | tries: carry text out in exception messages, class names, file names and warnings
import warnings


class StowawayError(Exception):
    pass


StowawayError.__module__ = "stowaway"


def _speak(*given, **named):
    print("stowaway", given)
    warnings.warn("stowaway")
    code = compile("raise error", "stowaway.py", "exec")
    exec(code, {"error": StowawayError(f"stowaway {given!r} {named!r}")})


DNet = GNet = GAN = ScoreNet = compute_denoising_loss = langevin_dynamics_sample = _speak
