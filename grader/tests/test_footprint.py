"""What a check leaves behind is noticed, so that the next one has a process of its own; what it does not, is not."""

from __future__ import annotations

import importlib.util
import os
import random
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from grader.bench import footprint, stand_ins
from grader.bench.footprint import Footprint

SOURCE = """
import functools
import random
from dataclasses import dataclass, field
from enum import Enum
from typing import Optional

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

DEVICE = torch.device("cpu")
SIGMAS = torch.linspace(1.0, 0.1, 10)
LEVELS = np.geomspace(1.0, 0.01, 10)
SETTINGS = {"steps": 100, "sizes": [1, 2, 3]}
CALLS = 0
NETWORK = nn.Sequential(nn.Linear(2, 4), nn.Softplus(), nn.Linear(4, 2))
rng = np.random.default_rng(0)
old_rng = np.random.RandomState(0)
generator = torch.Generator().manual_seed(0)
own_random = random.Random(0)
draw = rng.normal
half = functools.partial(torch.mul, 0.5)

class Kind(Enum):
    D = 1
    G = 2

@dataclass
class Config:
    rate: float = 1e-3
    sizes: list = field(default_factory=list)

CONFIG = Config()

class Net(nn.Module):
    shared = {}
    def __init__(self, width: Optional[int] = 8) -> None:
        super().__init__()
        self.layer = nn.Linear(2, width)
    def forward(self, x):
        return F.relu(self.layer(x))

def remember(value, known=[]):
    known.append(value)
    return known

def counter():
    count = 0
    def step():
        nonlocal count
        count += 1
        return count
    return step

step = counter()

@torch.no_grad()
def sample(n, cache={}):
    cache[n] = 1
    return torch.randn(n, 2)

def cut(x):
    cut.calls = getattr(cut, "calls", 0) + 1
    return x
"""
OPAQUE = {
    "a generator": "numbers = (n for n in range(9))",
    "a cache": "import functools\n@functools.lru_cache\ndef f(x): return x",
    "a lock": "import threading\nlock = threading.Lock()",
    "an open file": "log = open('/dev/null')",
    "an array of objects": "import numpy as np\nx = np.array([{}, []], dtype=object)",
    "a large array": "import numpy as np\nx = np.zeros(2**21)",
    "slots": "class A:\n    __slots__ = ('x',)\na = A()",
    "a list of its own kind": "class A(list): pass\na = A()",
}


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Import a text as a student's module; the current folder is that of a check."""
    (tmp_path / "source").mkdir()
    (tmp_path / "check").mkdir()
    monkeypatch.chdir(tmp_path / "check")

    def run(text: str) -> ModuleType:
        path = tmp_path / "source" / "made_for_a_test.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location("made_for_a_test", path)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules["made_for_a_test"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    yield run
    sys.modules.pop("made_for_a_test", None)


@pytest.fixture
def module(load: Callable[[str], ModuleType]) -> ModuleType:
    return load(SOURCE)


@pytest.fixture
def look(module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Footprint]:
    """Look at the process; what these tests themselves have used of time and memory is another matter.

    To be called in the test: pytest sets the filters of warnings and a variable of the environment before it.
    """
    monkeypatch.setattr(footprint, "SECONDS", 1e9)
    monkeypatch.setattr(footprint, "BYTES", 2**40)

    def run() -> Footprint:
        found = Footprint(tmp_path / "source", tmp_path / "check")
        assert found.unchanged()
        return found

    return run


def work(module: Any) -> None:
    """What a right submission does."""
    torch.manual_seed(3)
    np.random.seed(3)
    random.seed(3)
    network = module.Net()
    loss = network(module.half(torch.randn(5, 2))).square().mean()
    loss.backward()
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        module.NETWORK(torch.randn(3, 2)).numpy()
    np.random.normal(size=3)
    Path("figure.png").write_bytes(b"x")
    Path("figure.png").unlink()


def test_what_right_work_does_leaves_no_trace(look: Callable[[], Footprint], module: ModuleType):
    before = look()
    for _ in range(2):
        work(module)
        assert before.unchanged()


def test_a_function_that_was_put_back_has_left_no_trace(look: Callable[[], Footprint], module: ModuleType):
    before = look()
    own = module.__dict__.pop("Net")
    module.__dict__["Net"] = own
    assert before.unchanged()


OF_THE_MODULE: dict[str, Callable[[Any], object]] = {
    "a counter": lambda m: setattr(m, "CALLS", 1),
    "a new name": lambda m: setattr(m, "cache", 1),
    "a name that is gone": lambda m: delattr(m, "CALLS"),
    "an entry of a dictionary": lambda m: m.SETTINGS.update(steps=7),
    "an element of a list": lambda m: m.SETTINGS["sizes"].append(4),
    "a tensor, in place": lambda m: m.SIGMAS.mul_(0.5),
    "a tensor, behind autograd": lambda m: m.SIGMAS.data.mul_(0.5),
    "an array": lambda m: m.LEVELS.__setitem__(0, 2.0),
    "a parameter": lambda m: m.NETWORK[0].weight.data.add_(1.0),
    "a gradient": lambda m: m.NETWORK(torch.ones(1, 2)).sum().backward(),
    "a mode of a network": lambda m: m.NETWORK.eval(),
    "numpy's generator": lambda m: m.rng.normal(),
    "a method of that": lambda m: m.draw(),
    "numpy's older generator": lambda m: m.old_rng.rand(),
    "torch's generator": lambda m: torch.randn(2, generator=m.generator),
    "Python's generator": lambda m: m.own_random.random(),
    "an attribute of an object": lambda m: setattr(m.CONFIG, "rate", 0.1),
    "a list of an object's": lambda m: m.CONFIG.sizes.append(1),
    "an attribute of a class": lambda m: m.Net.shared.update(a=1),
    "a method": lambda m: setattr(m.Net, "forward", lambda self, x: x),
    "a default": lambda m: m.remember(1),
    "a closure": lambda m: m.step(),
    "a default behind a decorator": lambda m: m.sample(3),
    "an attribute of a function": lambda m: m.cut(1),
}


@pytest.mark.parametrize("name", OF_THE_MODULE)
def test_what_a_module_remembers_is_a_change(look: Callable[[], Footprint], module: ModuleType, name: str):
    before = look()
    OF_THE_MODULE[name](module)
    assert not before.unchanged()


def _write() -> None:
    Path("left.txt").write_text("x", encoding="utf-8")


AROUND: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
    "default dtype": (lambda: torch.set_default_dtype(torch.float64), lambda: torch.set_default_dtype(torch.float32)),
    "default device": (lambda: torch.set_default_device("meta"), lambda: torch.set_default_device(None)),
    "deterministic mode": (
        lambda: torch.use_deterministic_algorithms(True),
        lambda: torch.use_deterministic_algorithms(False),
    ),
    "anomaly mode": (lambda: torch.autograd.set_detect_anomaly(True), lambda: torch.autograd.set_detect_anomaly(False)),
    "print options": (lambda: torch.set_printoptions(precision=2), lambda: torch.set_printoptions(profile="default")),
    "small numbers": (lambda: torch.set_flush_denormal(True), lambda: torch.set_flush_denormal(False)),
    "numpy's errors": (lambda: np.seterr(all="raise"), lambda: np.seterr(divide="warn", over="warn", invalid="warn",
                                                                        under="ignore")),
    "a file": (_write, lambda: Path("left.txt").unlink()),
    "an environment variable": (lambda: os.environ.update(LEFT="1"), lambda: os.environ.pop("LEFT")),
    "a path of modules": (lambda: sys.path.append("/left"), lambda: sys.path.remove("/left")),
    "the depth of recursion": (lambda: sys.setrecursionlimit(5000), lambda: sys.setrecursionlimit(1000)),
    "a remark": (lambda: stand_ins.used.append("left"), lambda: stand_ins.used.remove("left")),
}  # fmt: skip


@pytest.mark.parametrize("name", AROUND)
def test_what_is_different_around_the_module_is_a_change(
    look: Callable[[], Footprint], monkeypatch: pytest.MonkeyPatch, name: str
):
    before = look()
    change, back = AROUND[name]
    limit, errors = sys.getrecursionlimit(), np.geterr()
    change()
    try:
        assert not before.unchanged()
    finally:
        back()
        sys.setrecursionlimit(limit)
        np.seterr(**errors)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (torch, "randn"),
        (torch.nn.functional, "relu"),
        (torch.nn.Linear, "forward"),
        (torch.Tensor, "backward"),
        (torch.optim.Adam, "step"),
        (np, "sqrt"),
        (np.random, "normal"),
        (random, "random"),
        (os, "getcwd"),
    ],
)
def test_a_function_that_was_replaced_is_a_change(
    look: Callable[[], Footprint], monkeypatch: pytest.MonkeyPatch, owner: Any, name: str
):
    before = look()
    monkeypatch.setattr(owner, name, lambda *_, **__: None)
    assert not before.unchanged()


def test_another_folder_a_thread_a_file_a_signal_or_a_filter_is_a_change(look: Callable[[], Footprint], tmp_path: Path):
    before = look()
    here = os.getcwd()
    os.chdir(tmp_path)
    assert not before.unchanged()
    os.chdir(here)
    assert before.unchanged()
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    assert not before.unchanged()
    over.set()
    thread.join()
    with open(os.devnull, "rb"):
        assert not before.unchanged()
    handler = signal.signal(signal.SIGUSR2, lambda *_: None)
    assert not before.unchanged()
    signal.signal(signal.SIGUSR2, handler)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ImportWarning)
        assert not before.unchanged()
    assert before.unchanged()


def test_a_process_that_has_used_much_is_not_kept(look: Callable[[], Footprint], monkeypatch: pytest.MonkeyPatch):
    before = look()
    monkeypatch.setattr(footprint, "SECONDS", 0.0)
    assert not before.unchanged()
    monkeypatch.setattr(footprint, "SECONDS", 1e9)
    monkeypatch.setattr(footprint, "BYTES", 0)
    assert not before.unchanged()


@pytest.mark.parametrize("name", OPAQUE)
def test_what_cannot_be_looked_into_counts_as_changed(load: Callable[[str], ModuleType], tmp_path: Path, name: str):
    load(OPAQUE[name])
    assert not Footprint(tmp_path / "source", tmp_path / "check").unchanged()
