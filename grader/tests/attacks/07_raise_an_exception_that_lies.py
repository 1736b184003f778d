# attack: 07 | earns: nothing | tries: raise an exception whose text, type name, attributes and traceback cannot be had
class _Type(type):
    @property
    def __name__(cls):
        raise SystemExit("stowaway")


class Liar(BaseException, metaclass=_Type):
    def __str__(self):
        raise KeyboardInterrupt

    def __getattribute__(self, name):
        raise SystemExit(f"stowaway {name}")


def _raise(*_, **__):
    raise Liar


DNet = GNet = GAN = ScoreNet = compute_denoising_loss = langevin_dynamics_sample = _raise
