"""What the template does in and around a training: options, checkpoints, savings of time, the files it writes."""

import importlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import nn, optim

from grader.release import template

NOWHERE = "http://127.0.0.1:9"
"""A proxy that does not exist: every download fails at once."""
ALL_FILES = ["model.ckpt", "samples.npz", "samples.png", "score.png", "trajectory.png"]


@pytest.fixture
def reference(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Import a module of reference/, apart from modules of that name that other tests imported."""
    monkeypatch.syspath_prepend(str(template.REFERENCE))
    monkeypatch.setenv("MPLBACKEND", "Agg")
    for name in ("hw5_utils", "hw5_gan", "hw5_diffusion"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    def load(name: str) -> ModuleType:
        module = importlib.import_module(name)
        monkeypatch.setitem(sys.modules, name, module)
        return module

    return load


# --- checkpoints ----------------------------------------------------------------------------------


def epochs(helper: ModuleType, path: Path, net: nn.Module, resume: bool, stop: tuple[int, type] | None) -> list[int]:
    """Run 5 epochs that add a random number to the net's bias each, and stop as told; returns the epochs that ran."""
    ran = []
    with helper.Checkpoint(path, every=2, resume=resume, net=net) as checkpoint:
        for epoch in checkpoint.remaining(5):
            if stop and epoch == stop[0]:
                raise stop[1]
            with torch.no_grad():
                net.bias += torch.randn(1)
            ran.append(epoch)
    return ran


@pytest.mark.parametrize(("error", "again"), [(KeyboardInterrupt, [3, 4]), (RuntimeError, [2, 3, 4])])
def test_a_resumed_training_ends_as_if_it_had_not_been_interrupted(
    reference: Callable[[str], ModuleType], tmp_path: Path, error: type, again: list[int]
):
    helper = reference("hw5_utils")
    torch.manual_seed(0)
    whole = nn.Linear(1, 1)
    epochs(helper, tmp_path / "whole", whole, False, None)
    torch.manual_seed(0)
    interrupted = nn.Linear(1, 1)
    with pytest.raises((SystemExit, RuntimeError)):
        epochs(helper, tmp_path / "interrupted", interrupted, False, (3, error))
    resumed = nn.Linear(1, 1)
    torch.manual_seed(99)
    assert epochs(helper, tmp_path / "interrupted", resumed, True, None) == again
    assert torch.equal(resumed.bias, whole.bias)
    assert torch.equal(resumed.weight, whole.weight)


def test_without_resume_an_old_checkpoint_is_not_read(reference: Callable[[str], ModuleType], tmp_path: Path):
    helper = reference("hw5_utils")
    assert epochs(helper, tmp_path / "file", nn.Linear(1, 1), False, None) == [0, 1, 2, 3, 4]
    assert epochs(helper, tmp_path / "file", nn.Linear(1, 1), False, None) == [0, 1, 2, 3, 4]


def test_ctrl_c_says_where_the_training_is_saved(reference: Callable[[str], ModuleType], tmp_path: Path):
    with pytest.raises(SystemExit, match=rf"after 3 whole epochs, saved in {tmp_path}/file: go on with --resume"):
        epochs(reference("hw5_utils"), tmp_path / "file", nn.Linear(1, 1), False, (3, KeyboardInterrupt))


# --- the loop of the GAN --------------------------------------------------------------------------


@pytest.mark.parametrize(("iter_d", "iter_g"), [(1, 1), (2, 1), (1, 2)])
def test_what_saves_time_in_training_changes_no_mathematics(
    reference: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, iter_d: int, iter_g: int
):
    module = reference("hw5_gan")
    monkeypatch.chdir(tmp_path)
    digits = torch.rand(96, 1, 28, 28)
    monkeypatch.setattr(module, "find_digits", lambda: "")
    monkeypatch.setattr(module, "GANDataset", lambda *_, **__: digits)
    # Plain gradient steps: Adam divides by a gradient's size, and would blow up the rounding of those near 0.
    monkeypatch.setattr(module.optim, "Adam", lambda parameters, lr, weight_decay: optim.SGD(parameters, lr=1000 * lr))
    trained = module.GAN()
    torch.manual_seed(1)
    trained.train(iter_d, iter_g, n_epochs=2, batch_size=32)
    plain = module.GAN()
    start = torch.cat([one.detach().flatten() for one in plain.gen.parameters()])
    torch.manual_seed(1)
    train_plainly(plain, digits, iter_d, iter_g)
    for name in ("disc", "gen"):
        ours, theirs = (
            torch.cat([one.detach().flatten() for one in getattr(gan, name).parameters()]) for gan in (trained, plain)
        )
        # Rounding, relative to values of order 1, through 12 steps and more.
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1000 * torch.finfo(torch.float32).eps)
    assert (theirs - start).abs().max() > 0.005  # 40 times the tolerance


def train_plainly(gan: object, digits: torch.Tensor, iter_d: int, iter_g: int) -> None:
    """The same two epochs, with every loss and gradient computed anew, and random numbers in the same order."""
    optimizers = [optim.SGD(net.parameters(), lr=0.2) for net in (gan.disc, gan.gen)]
    for epoch in range(2):
        if epoch == 0:
            gan._draw_z(64)  # those of the grid
        torch.empty((), dtype=torch.int64).random_()  # the seed of the loader
        seed = int(torch.empty((), dtype=torch.int64).random_())
        order = torch.randperm(96, generator=torch.Generator().manual_seed(seed))
        for indices in order.split(32):
            z = gan._draw_z(32)
            for _ in range(iter_d):
                optimizers[0].zero_grad()
                gan._get_loss_d(32, digits[indices], z).backward()
                optimizers[0].step()
            for _ in range(iter_g):
                optimizers[1].zero_grad()
                gan._get_loss_g(32, z).backward()
                optimizers[1].step()


class FlattensByView(nn.Module):
    """A right discriminator that flattens by view, which asks for the usual layout in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 2, 3, padding=1)
        self.conv2 = nn.Conv2d(2, 4, 3, padding=1)
        self.fc = nn.Linear(4 * 14 * 14, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv2(nn.functional.max_pool2d(self.conv1(x).relu(), 2)).relu()
        return self.fc(x.view(-1, 4 * 14 * 14))


def test_the_layout_of_the_generator_is_its_own_affair(
    reference: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    module = reference("hw5_gan")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "find_digits", lambda: "")
    monkeypatch.setattr(module, "GANDataset", lambda *_, **__: torch.rand(32, 1, 28, 28))
    gan = module.GAN()
    gan.disc = FlattensByView()
    channels_last = []
    gan.gen.conv2.register_forward_hook(
        lambda _layer, inputs, _output: channels_last.append(
            inputs[0].is_contiguous(memory_format=torch.channels_last) and not inputs[0].is_contiguous()
        )
    )
    gan.train(n_epochs=1, batch_size=32)
    assert len(channels_last) == 4  # two grids, and one pass for each loss
    assert all(channels_last)


# --- initial weights ------------------------------------------------------------------------------


@pytest.mark.parametrize("tied", [False, True])
def test_the_initial_weights_let_the_input_through(reference: Callable[[str], ModuleType], tied: bool):
    module = reference("hw5_diffusion")
    torch.manual_seed(0)
    scorenet = module.ScoreNet()
    if tied:
        for place in range(4, 14, 2):
            scorenet.net[place] = scorenet.net[2]
    x = torch.randn(500, 2)

    def spread() -> float:
        """Standard deviation over the points of what reaches the last layer."""
        hidden = scorenet.net[:-1](torch.cat([x, torch.full((500, 1), 0.1)], dim=1))
        return hidden.std(dim=0).mean().item()

    before = spread()
    module.initialise_for_softplus(scorenet)
    assert before < 0.001
    assert 1 < spread() < 30
    assert 0.3 < scorenet(x, 1.0).std() < 3  # the noise z, which it has to predict at sigma = 1, has 1


# --- data -----------------------------------------------------------------------------------------


def test_without_a_network_the_sample_is_found_and_named(
    reference: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
):
    helper = reference("hw5_utils")
    monkeypatch.chdir(tmp_path)
    for scheme in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(scheme, NOWHERE)
    digits = helper.GANDataset(helper.find_digits(), "cpu")
    assert "sample of 6,000 digits" in capsys.readouterr().out
    assert len(digits) == 6000
    assert 0 < digits[[0, 5999]].mean() < 255
    monkeypatch.setattr(helper, "SAMPLE", tmp_path / "none")
    with pytest.raises(helper.DownloadError):
        helper.find_digits()


def test_digits_on_disk_are_taken(
    reference: Callable[[str], ModuleType],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture,
):
    helper = reference("hw5_utils")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / helper.TRAINING_DIGITS).touch()
    assert helper.find_digits() == f"./data/{helper.TRAINING_DIGITS}"
    assert "60,000" in capsys.readouterr().out


def test_arrays_of_other_names_stay_in_samples(reference: Callable[[str], ModuleType], tmp_path: Path):
    helper = reference("hw5_utils")
    for arrays in ({"a": np.zeros(2)}, {"b": np.ones(3)}, {"a": np.ones(1)}):
        helper.add_to_samples(tmp_path / "samples.npz", **arrays)
    found = np.load(tmp_path / "samples.npz")
    assert {name: found[name].tolist() for name in found} == {"a": [1], "b": [1, 1, 1]}


# --- the scripts ----------------------------------------------------------------------------------


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start one of the reference's scripts in an empty folder, without a network."""
    started = []

    def start(name: str, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-u", template.REFERENCE / name, *arguments],
            cwd=tmp_path,
            # One thread: with several tests at a time, threads would wait for each other.
            env={
                **os.environ,
                "MPLBACKEND": "Agg",
                "OMP_NUM_THREADS": "1",
                "http_proxy": NOWHERE,
                "https_proxy": NOWHERE,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # A shell starts its background jobs deaf to Ctrl-C, and these tests may be run by one.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_diffusion_script_writes_all_files_where_it_is_told(script: Callable, tmp_path: Path):
    process = script("hw5_diffusion.py", "--epochs", "200", "--out", "here", "--seed", "1")
    printed, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    assert printed.startswith("iteration 1000: loss 0.")
    written = "model.ckpt, samples.npz, score.png, samples.png, trajectory.png, diffusion-training.ckpt"
    assert printed.endswith(f"\nWritten to here: {written}.\n")
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == ["diffusion-training.ckpt", *ALL_FILES]
    assert np.load(tmp_path / "here" / "samples.npz")["points"].shape == (1000, 2)


def test_ctrl_c_keeps_a_training_and_resume_goes_on(script: Callable, tmp_path: Path):
    checkpoint = tmp_path / "diffusion-training.ckpt"
    process = script("hw5_diffusion.py", "--epochs", "100000")
    while not checkpoint.exists() and process.poll() is None:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.strip().endswith(f"saved in {checkpoint.name}: go on with --resume.")
    assert "Traceback" not in errors
    done = torch.load(checkpoint, weights_only=True)["done"]
    assert done >= 100
    resumed = script("hw5_diffusion.py", "--epochs", str(done + 1), "--resume")
    printed, errors = resumed.communicate()
    assert errors == ""
    assert printed.startswith(f"iteration {5 * (done + 1)}: loss ")
    assert torch.load(checkpoint, weights_only=True)["done"] == done + 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [checkpoint.name, *ALL_FILES]


def test_the_gan_script_trains_on_the_sample_and_writes_all_files(script: Callable, tmp_path: Path):
    process = script("hw5_gan.py", "--epochs", "1", "--seed", "3")
    printed, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    assert "sample of 6,000" in printed
    assert "epoch 0: loss of D" in printed
    assert printed.endswith("Written: goal.pdf, test_0.png, test_1.png, samples.npz, gan-training.ckpt.\n")
    names = ["gan-training.ckpt", "goal.pdf", "samples.npz", "test_0.png", "test_1.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert np.load(tmp_path / "samples.npz")["digits"].shape == (64, 28, 28)


def test_a_seed_draws_new_weights(reference: Callable[[str], ModuleType]):
    module = reference("hw5_gan")

    def weight(seed: int | None) -> torch.Tensor:
        gan = module.GAN()
        gan.configure(module.Options(seed=seed))
        return gan.gen.fc.weight.detach()

    assert torch.equal(weight(None), module.GAN().gen.fc.weight)
    assert torch.equal(weight(5), weight(5))
    assert not torch.equal(weight(5), weight(6))
