"""Work that does nothing of what a row asks for, or cannot be of use, does not earn the row by how it looks."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

import tests.conftest  # noqa: F401  # the suites' own settings, before the suites are imported
from grader.project import REFERENCE
from tests.support.homework.assignment import DIFFUSION, GAN
from tests.support.probes import vocabulary
from tests.support.submission import Submission
from tests.support.transports import InProcess
from tests.support.verdicts import Verdict

BEGIN = """
def _batches(self, n):
    digits = GANDataset(find_digits(), self._dev, transform=transforms.Normalize((0.0,), (255.0,)))
    return [digits[list(range(k, k + n))] for k in (0, n)]

def _step(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

"""
TRAIN = """
def _train(self, iter_d=1, iter_g=1, n_epochs=100, batch_size=256, lr=0.0002):
    n, first, second = batch_size, *_batches(self, batch_size)
    d, g = (torch.optim.Adam(net.parameters(), lr=lr) for net in (self.disc, self.gen))
    {before}
    for batch in {batches}:
        z = self._draw_z(n)
        {steps}
    {after}
    save_image(self.gen(z[:64]), "test_0.png", nrow=8)

GAN.train = _train
"""
EVERY_STEP = "_step(d, self._get_loss_d(n, batch, z)); _step(g, self._get_loss_g(n, z))"
BATCHES = "(first, second)"


def trained(
    steps: str = EVERY_STEP, batches: str = BATCHES, begin: str = "", before: str = "pass", after: str = "pass"
) -> str:
    """A training of the student's own, of these parts."""
    return BEGIN + begin + TRAIN.format(steps=steps, batches=batches, before=before, after=after)


NOISE_FOR_GRADIENTS = """for p in [*self.disc.parameters(), *self.gen.parameters()]:
            p.grad = torch.randn_like(p)
        with torch.no_grad():
            self._get_loss_d(n, batch, z); d.step(); self._get_loss_g(n, z); g.step()"""
UNDONE = """nets = (self.disc, self.gen)
    with torch.no_grad():
        for net, values in zip(nets, start):
            for p, value in zip(net.parameters(), values):
                p.grad = p - value
        self._get_loss_d(n, batch, z); self._get_loss_g(n, z)
        for net, values in zip(nets, start):
            for p, value in zip(net.parameters(), values):
                p.copy_(value + (1e-5 if p.numel() == 1 else 0))"""
START = "start = [[p.detach().clone() for p in net.parameters()] for net in (self.disc, self.gen)]"
ONE_BIAS = """
DNet.parameters = lambda self, recurse=True: iter([self.fc.bias])
GNet.parameters = lambda self, recurse=True: iter([self.conv3.bias])
"""
TURNED = """
class _Turn(torch.autograd.Function):
    forward = staticmethod(lambda context, x: x.clone())
    backward = staticmethod(lambda context, gradient: -gradient)

_forward = DNet.forward
DNet.forward = lambda self, x: _Turn.apply(_forward(self, x))
"""
BESIDE = """
_own = GAN._get_loss_d
GAN._get_loss_d = lambda self, n, batch, z, real=None: _own(self, n, batch if real is None else real, z)
"""
SOME_LAYERS = "d = torch.optim.Adam([p for name, p in self.disc.named_parameters() if name[:5] != 'conv1'], lr=lr)"
NOT_FROM_DIGITS = "makes steps for which _get_loss_d is not given the digits"
TRAININGS = {
    "the whole": (trained(), 1, ""),
    "the digits in two steps each": (trained(f"{EVERY_STEP}; {EVERY_STEP}"), 1, ""),
    "gradients of nothing": (trained(NOISE_FOR_GRADIENTS), 0, "does not evaluate both losses"),
    "one batch again": (trained(batches="(first, first)"), 0, "is given 64 different digits of 132"),
    "one image of each batch": (
        trained("_step(d, self._get_loss_d(1, batch[:1], z[:1])); _step(g, self._get_loss_g(1, z[:1]))"),
        0,
        "is given 2 different digits",
    ),
    "noise after one look": (
        trained(batches="torch.rand(2, n, 1, 28, 28)", before="self._get_loss_d(n, first, self._draw_z(n))"),
        0,
        NOT_FROM_DIGITS,
    ),
    "steps that others undo": (
        trained(f"{EVERY_STEP}; _step(d, self._get_loss_d(n, self.gen(z).detach(), z))"),
        0,
        NOT_FROM_DIGITS,
    ),
    "noise beside the digits": (
        trained(EVERY_STEP.replace("z))", "z, torch.rand_like(batch)))", 1), begin=BESIDE),
        0,
        "the loss does not depend on the digits",
    ),
    "undone at the end": (
        trained(before=START, after=UNDONE),
        0.5,
        "does not move against the gradient",
    ),
    "one bias of each network": (trained(begin=ONE_BIAS), 0.5, "does not move against the gradient"),
    "a gradient that is turned round": (trained(begin=TURNED), 0.5, "does not change as its gradient says"),
    "a layer that the optimizer does not have": (trained(before=SOME_LAYERS), 0.5, "does not change 1 of the"),
}  # fmt: skip

SCORENET = """
class ScoreNet(ScoreNet):
    def __init__(self, n_layers=8, latent_dim=128):
        super().__init__(n_layers, latent_dim)
        {}
"""
LOSS = """
def compute_denoising_loss(scorenet, training_data, sigmas):
    sigma = sigmas[torch.randint(len(sigmas), (len(training_data), 1))]
    x = {x}
    return {loss}
"""
RIGHT = "(sigma**2 / 2 * (scorenet(x, sigma) + (x - training_data) / sigma**2).square().sum(1, keepdim=True)).mean()"
DRAWN = "training_data + sigma * torch.randn_like(training_data)"
NO_NUMBER = LOSS.format(x="training_data * float('nan')", loss=RIGHT)
BY_HAND = "denoising_loss_of_one_point_matches_the_hand_computed_case"
ONE_LAYER = """
class DNet(nn.Module):
    def __init__(self, *_):
        super().__init__()
        self.a = nn.Conv2d(1, 2, 3)
        nn.init.kaiming_uniform_(self.a.weight)
        nn.init.zeros_(self.a.bias)

    def forward(self, x):
        return self.a(x if x.ndim == 4 else x.sum() + torch.zeros(len(x), 1, 28, 28))

GNet = DNet
"""
STILL = """
def langevin_dynamics_sample(scorenet, n_samples, sigmas, iterations=100, eps=0.00002, return_traj=False):
    x = torch.zeros(n_samples, 2)
    states = [(scorenet(x, sigma), x)[1] for sigma in sigmas for _ in range(iterations)]
    return torch.stack(states, dim=1) if return_traj else x
"""
FEW = """
_forward = {net}.forward
{net}.forward = lambda self, x, *more: _forward(self, x, *more) * (len(x) <= {most})
"""
OTHERS = {
    "two layers in place of eight": (
        DIFFUSION,
        "public.test_scorenet.scorenet_executes_eight_linear_layers",
        SCORENET.format("self.net = nn.Sequential(nn.Linear(3, 2), nn.Softplus(), nn.Linear(2, 2))"),
    ),
    "a network that is frozen": (
        DIFFUSION,
        "public.test_scorenet.scorenet_has_distinct_parameters",
        SCORENET.format("self.requires_grad_(False)"),
    ),
    "a network without a gradient": (
        DIFFUSION,
        "public.test_scorenet.scorenet_has_distinct_parameters",
        "ScoreNet.forward = torch.no_grad()(ScoreNet.forward)\n",
    ),
    "a network for a few points": (
        DIFFUSION,
        "hidden.test_scorenet_values.scorenet_output_equals_the_closed_form",
        FEW.format(net="ScoreNet", most=5),
    ),
    "logits for a few images": (
        GAN,
        "hidden.test_gan_networks.dnet_logits_equal_the_closed_form",
        FEW.format(net="DNet", most=12),
    ),
    "images for a few latents": (
        GAN,
        "hidden.test_gan_networks.gnet_images_equal_the_closed_form",
        FEW.format(net="GNet", most=4),
    ),
    "one point that is no number": (DIFFUSION, f"public.test_denoising_loss.{BY_HAND}", NO_NUMBER),
    "samples that are no numbers": (
        DIFFUSION,
        "hidden.test_perturbation.denoising_loss_has_the_exact_value",
        NO_NUMBER,
    ),
    "a gradient that is no number": (
        DIFFUSION,
        "public.test_denoising_loss.denoising_loss_is_a_differentiable_scalar",
        LOSS.format(x=DRAWN, loss=RIGHT).replace("return ", "loss = ") + "    return loss + torch.sqrt(loss - loss)\n",
    ),
    "samples that never leave 0": (
        DIFFUSION,
        "hidden.test_sampler.langevin_starts_from_the_standard_normal",
        STILL,
    ),
    "one initialised layer": (GAN, "hidden.test_gan_initialisation.initial_weights_follow_the_uniform_law", ONE_LAYER),
}


def earned(folder: Path, module: str, check: str, code: str) -> tuple[float, str]:
    """What a check gives to the reference with this code behind it, and what it says."""
    for path in REFERENCE.glob("hw5_*.py"):
        (folder / path.name).write_text(path.read_text() + (code if path.stem == module else ""))
    file, _, name = check.rpartition(".")
    judge = getattr(importlib.import_module(f"tests.{file}"), f"test_{name}")
    try:
        judge(submission=Submission(InProcess(folder, vocabulary.perform)))
    except Verdict as verdict:
        return verdict.credit, str(verdict)
    return 1.0, ""


@pytest.mark.parametrize("name", TRAININGS)
def test_a_training_earns_what_it_does(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(REFERENCE))
    code, share, says = TRAININGS[name]
    check = "public.test_gan_training.one_epoch_of_training_moves_both_networks"
    credit, said = earned(tmp_path, GAN, check, code)
    assert (credit, says in said) == (share, True), said


@pytest.mark.parametrize("name", OTHERS)
def test_what_cannot_be_of_use_earns_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(REFERENCE))
    credit, _ = earned(tmp_path, *OTHERS[name])
    assert credit == 0
