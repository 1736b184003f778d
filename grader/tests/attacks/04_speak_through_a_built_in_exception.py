# attack: 04 | earns: nothing | tries: carry text out in the fields that describe a failure: file name, line, question, cause
import hw5_utils


def _speak(*given, **named):
    code = compile("\n" * 70000 + "raise error", hw5_utils.__file__.replace("hw5_utils", "stowaway"), "exec")
    error = NotImplementedError("4.1 stowaway 5.2") if len(given) % 2 else OSError(2, "stowaway", "stowaway")
    error.__cause__ = KeyError("stowaway")
    exec(code, {"error": error})


DNet = GNet = GAN = ScoreNet = compute_denoising_loss = langevin_dynamics_sample = _speak
