# attack: 04 | earns: nothing | tries: carry text out in the names of types, parameters, files and operations that are observed
import torch


class StowawayType:
    pass


StowawayType.__name__ = StowawayType.__qualname__ = "stowaway"


class _Net(torch.nn.Module):
    def __init__(self, *_, **__):
        super().__init__()
        self.register_parameter("stowaway", torch.nn.Parameter(torch.zeros(3)))
        self.register_buffer("stowaway_buffer", torch.zeros(3))

    def forward(self, *_):
        return StowawayType()


class GAN:
    def __init__(self, zdim=64):
        self._zdim, self._dev, self.disc, self.gen = zdim, torch.device("cpu"), DNet(), GNet(zdim)

    def train(self, *_, **__):
        open("stowaway.png", "w").close()

    _get_loss_d = _get_loss_g = lambda self, *_: StowawayType()


def _return(scorenet, *_, **__):
    scorenet(StowawayType(), StowawayType())
    return StowawayType()


DNet = GNet = ScoreNet = _Net
compute_denoising_loss = langevin_dynamics_sample = _return
