# attack: 10 | earns: nothing | tries: return numbers that are equal to, smaller and larger than everything
class Always(float):
    __eq__ = __lt__ = __le__ = __gt__ = __ge__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __hash__ = float.__hash__
    __array__ = __float__ = lambda self, *_: 0.0
    __sub__ = __rsub__ = __add__ = __mul__ = __abs__ = lambda self, *_: self
    requires_grad, shape, ndim = True, (), 0

    def __instancecheck__(self, _):
        return True

    def __getattr__(self, name):
        return lambda *_, **__: self


def _value(*_, **__):
    return Always()


class GAN:
    def __init__(self, zdim=64):
        self._zdim, self._dev = zdim, "cpu"

    _get_loss_d = _get_loss_g = train = _value


DNet = GNet = ScoreNet = compute_denoising_loss = langevin_dynamics_sample = _value
