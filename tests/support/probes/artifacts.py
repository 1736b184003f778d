"""Observations of what a student trained: the files that lie beside the module, opened here and nowhere else.

A file that cannot be used is no error: its observation has a `problem`, one word of a closed list, and a `detail`.
"""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tests.support.probes.arrays import as_array
from tests.support.probes.recorded_score import random_states, restore

LARGEST_UNPACKED = 64 * 2**20
LARGEST_IMAGE = 2**20
"""Bytes of a checkpoint or samples when unpacked, and of a PNG file."""
IMAGE_SIDE, MARGIN, DIGIT = 242, 2, 28
"""Pixels: save_image puts 2 between and around the 8 x 8 digits of 28 x 28."""

SIZES = (1000, 250, 100, 40)
"""Numbers of samples that are drawn: the first that takes at most `SECONDS`, for those who loop over samples."""
SECONDS = 3.0
N_EXACT = 1000
N_PATHS = 2
MOST_POINTS = 1000

_NESTED = ("state_dict", "model_state_dict", "model", "scorenet", "net")
_PREFIXES = ("module.", "_orig_mod.")
"""Where a state dict is kept by habit, and what wrappers of a network put in front of its names."""


class _Unusable(Exception):
    """A file that cannot be used: the problem's word, and what there is to say of it."""

    def __init__(self, problem: str, detail: str = "") -> None:
        super().__init__(problem, detail)
        self.problem = problem
        self.detail = detail[:200]


def artifacts(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """Which of the files are there, under the names `checkpoint` and `samples`, and as `grids`; none is opened."""
    folder = _folder(module)
    return {
        "checkpoint": (folder / arguments["checkpoint"]).is_file(),
        "samples": (folder / arguments["samples"]).is_file(),
        "epochs": list(_grids(folder, arguments)),
    }


def _folder(module: ModuleType) -> Path:
    return Path(str(module.__file__)).parent


def _grids(folder: Path, arguments: dict[str, Any]) -> dict[int, Path]:
    """The `latest` of the files whose names match the pattern `grids`, in the order of their epochs."""
    pattern, latest = re.compile(arguments["grids"]), arguments["latest"]
    found = {int(match[1]): path for path in folder.iterdir() if (match := pattern.fullmatch(path.name))}
    return {epoch: found[epoch] for epoch in sorted(found)[-latest:]}


def trained_model(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """The file `checkpoint` in the student's own network: its score at `points` `(m, 2)` for `sigma`, and samples.

    The samples are those of the student's own sampler for `sigmas` `(L,)`, `iterations` and `eps`, with their states
    after the steps `steps` and some whole paths, where the sampler returns trajectories. Those in `exact` `(n, 2)` are
    Algorithm 2's for the parameters alone: neither the student's sampler nor their network's own code takes part.
    """
    nothing = np.zeros((0, 2), dtype=np.float32)
    observed: dict[str, Any] = {"problem": "", "detail": "", "score": nothing, "samples": nothing, "steps": []}
    observed |= {"states": nothing[None], "paths": nothing[None], "exact": nothing}
    network = module.ScoreNet()
    try:
        state = _state_dict(_folder(module) / arguments["checkpoint"])
        _fill(network, state)
        network.eval()
        with torch.no_grad():
            observed["exact"] = _exact_samples(list(state.values()), arguments)
            points = torch.tensor(np.asarray(arguments["points"]), dtype=torch.float32)
            observed["score"] = _array(network(points, torch.full((len(points), 1), arguments["sigma"])))
        return {**observed, **_draw(module, network, arguments)}
    except _Unusable as unusable:
        return {**observed, "problem": unusable.problem, "detail": unusable.detail}


def _state_dict(path: Path) -> dict[str, Tensor]:
    """The parameters in a checkpoint, by name, where they stand at its top or one level below."""
    loaded = _loaded(path)
    below = [loaded[key] for key in _NESTED if key in loaded] if isinstance(loaded, dict) else []
    for state in (loaded, *below):
        if isinstance(state, dict) and state and all(isinstance(one, Tensor) for one in state.values()):
            return {_plain(str(name)): tensor for name, tensor in state.items()}
    raise _Unusable("no parameters", type(loaded).__name__)


def _loaded(path: Path) -> Any:
    """What a checkpoint holds; what would run code when it is unpickled is refused by torch."""
    try:
        _require_small(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except _Unusable:
        raise
    except Exception as error:  # whatever a damaged file leads to
        said = str(error).lower()
        objects = "weights only load failed" in said and "unsupported" in said
        raise _Unusable("objects" if objects else "unreadable", type(error).__name__) from None


def _require_small(path: Path) -> None:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST_UNPACKED:
                raise _Unusable("too large")


def _plain(name: str) -> str:
    for prefix in _PREFIXES:
        name = name.removeprefix(prefix)
    return name


def _fill(network: nn.Module, state: dict[str, Tensor]) -> None:
    """Load the parameters, or say in which one checkpoint and network differ first."""
    own = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    for name, shape in own.items():
        if name not in state:
            raise _Unusable("other network", f"{name} is not in it")
        if tuple(state[name].shape) != shape:
            raise _Unusable("other network", f"{name} has the shape {tuple(state[name].shape)}, not {shape}")
    for name in state:
        if name not in own:
            raise _Unusable("other network", f"it also has {name}")
    network.load_state_dict(state)
    for name, tensor in network.state_dict().items():
        if not torch.equal(torch.nan_to_num(tensor), torch.nan_to_num(state[name].to(tensor.dtype))):
            raise _Unusable("other network", f"{name} shares its values with another layer of your ScoreNet")


def _exact_samples(parameters: list[Tensor], arguments: dict[str, Any]) -> np.ndarray:
    """Algorithm 2 with the network of linear layers and Softplus that these parameters make, in their order.

    `(n, 2)`; empty when they do not make one.
    """
    weights, biases = parameters[0::2], parameters[1::2]
    shapes = [tuple(one.shape) for one in weights]
    fits = len(weights) == len(biases) > 0 and all(len(shape) == 2 for shape in shapes)
    if not fits or shapes[0][1] != 3 or shapes[-1][0] != 2:
        return np.zeros((0, 2), dtype=np.float32)
    if any(after[1] != before[0] for before, after in pairwise(shapes)) or any(
        tuple(bias.shape) != shape[:1] for bias, shape in zip(biases, shapes, strict=True)
    ):
        return np.zeros((0, 2), dtype=np.float32)
    own = torch.Generator().manual_seed(int(arguments["seed"]))
    x = torch.randn(N_EXACT, 2, generator=own)
    sigmas = np.asarray(arguments["sigmas"], dtype=np.float64)
    for sigma in sigmas:
        alpha = float(arguments["eps"]) * (sigma / sigmas[-1]) ** 2
        for _ in range(int(arguments["iterations"])):
            hidden = torch.cat([x, torch.full((len(x), 1), float(sigma))], dim=1)
            for layer, (weight, bias) in enumerate(zip(weights, biases, strict=True)):
                hidden = nn.functional.linear(
                    nn.functional.softplus(hidden) if layer else hidden, weight.float(), bias.float()
                )
            noise = torch.randn(len(x), 2, generator=own)
            x = x + alpha * hidden / float(sigma) + (2 * alpha) ** 0.5 * noise
    return _array(x)


def _draw(module: ModuleType, network: nn.Module, arguments: dict[str, Any]) -> dict[str, Any]:
    """Samples of the student's sampler, with states and paths if it returns trajectories."""
    sigmas = torch.tensor(np.asarray(arguments["sigmas"]), dtype=torch.float32)
    iterations = int(arguments["iterations"])
    length = len(sigmas) * iterations

    def run(n: int, iterations: int, **options: Any) -> np.ndarray:
        eps = float(arguments["eps"])
        return _array(module.langevin_dynamics_sample(network, n, sigmas, iterations=iterations, eps=eps, **options))

    beginning = random_states()
    n = _affordable(run, iterations)
    restore(beginning)
    states = run(n, iterations, return_traj=True)
    if states.shape == (n, length, 2):
        steps = [step for step in arguments["steps"] if step < length]
        return {
            "samples": states[:, -1],
            "states": np.ascontiguousarray(states[:, steps].transpose(1, 0, 2)),
            "steps": steps,
            "paths": states[:N_PATHS],
        }
    samples = run(n, iterations)
    if samples.shape != (n, 2):
        raise _Unusable("no samples", f"the shape {samples.shape}, not {(n, 2)}")
    return {"samples": samples}


class _ExactScore(nn.Module):
    """The score of data around `centres` `(m, 2)` with a variance, perturbed by sigma."""

    def __init__(self, centres: np.ndarray, variance: float) -> None:
        super().__init__()
        self.centres, self.variance = torch.tensor(centres, dtype=torch.float64), variance
        self.scale = nn.Parameter(torch.ones(()))  # for those who ask a network for its device

    def forward(self, x: Tensor, sigmas: Tensor | float) -> Tensor:
        variance = torch.as_tensor(sigmas, dtype=torch.float64).reshape(-1, 1) ** 2 + self.variance
        exact = x.detach().double()
        weights = torch.softmax(-(torch.cdist(exact, self.centres) ** 2) / (2 * variance), dim=1)
        return self.scale * ((weights @ self.centres - exact) / variance).to(x.dtype)


def sampled_exactly(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """Samples `(n, 2)` of the student's sampler, for a network that answers with the score of the data; else none."""
    network = _ExactScore(np.asarray(arguments["centres"]), float(arguments["variance"]))
    sigmas = torch.tensor(np.asarray(arguments["sigmas"]), dtype=torch.float32)

    def run(n: int, iterations: int) -> np.ndarray:
        eps = float(arguments["eps"])
        return _array(module.langevin_dynamics_sample(network, n, sigmas, iterations=iterations, eps=eps))

    iterations = int(arguments["iterations"])
    n = _affordable(run, iterations)
    samples = run(n, iterations)
    return {"samples": samples if samples.shape == (n, 2) else np.zeros((0, 2), dtype=np.float32)}


def _affordable(run: Callable[..., np.ndarray], iterations: int) -> int:
    """How many samples to draw, from the times of two small draws: a + b n seconds for each iteration."""
    few, more = 20, 200

    def seconds(n: int) -> float:
        began = time.perf_counter()
        run(n, 1)
        return time.perf_counter() - began

    seconds(few)  # the first call is slower
    slope = (first := seconds(few)) / few
    fixed = 0.0
    if slope * more < SECONDS / 4:
        slope = max(seconds(more) - first, 0.0) / (more - few)
        fixed = max(first - slope * few, 0.0)
    return next((n for n in SIZES if (fixed + slope * n) * iterations <= SECONDS), SIZES[-1])


def _array(value: Any) -> np.ndarray:
    """A tensor or array as float32; empty if it is neither."""
    if isinstance(value, Tensor):
        return as_array(value, torch.float32)
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiu":
        return value.astype(np.float32)
    return np.zeros(0, dtype=np.float32)


def handed_in_samples(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """`points` of the file `samples`: at most 1,000 rows `(n, 2)`, evenly over all of them, and how many there are."""
    try:
        points = _points(_folder(module) / arguments["samples"])
    except _Unusable as unusable:
        empty = np.zeros((0, 2), dtype=np.float32)
        return {"problem": unusable.problem, "detail": unusable.detail, "samples": empty, "total": 0}
    kept = points[np.linspace(0, len(points) - 1, min(len(points), MOST_POINTS)).astype(int)]
    with np.errstate(over="ignore"):
        return {"problem": "", "detail": "", "samples": kept.astype(np.float32), "total": len(points)}


def _points(path: Path) -> np.ndarray:
    """The array `points`, `(n, 2)` numbers; objects are never unpickled."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            if "points.npy" not in entries:
                raise _Unusable("no points")
            if entries["points.npy"].file_size > LARGEST_UNPACKED:
                raise _Unusable("too large")
            points = np.lib.format.read_array(io.BytesIO(archive.read("points.npy")), allow_pickle=False)
    except _Unusable:
        raise
    except Exception as error:  # whatever a damaged file leads to
        raise _Unusable("unreadable", type(error).__name__) from None
    if points.ndim != 2 or points.shape[1] != 2 or points.dtype.kind not in "fiu" or len(points) == 0:
        raise _Unusable("no points", f"an array of shape {points.shape} and type {points.dtype}")
    return points


def image_grids(module: ModuleType, arguments: dict[str, Any]) -> dict[str, Any]:
    """The digits of the PNG grids, `(g, 64, 28, 28)` bytes, their epochs, and the epochs of those without digits."""
    digits: dict[int, np.ndarray] = {}
    broken: dict[int, str] = {}
    for epoch, path in _grids(_folder(module), arguments).items():
        try:
            digits[epoch] = _digits(path)
        except _Unusable as unusable:
            broken[epoch] = unusable.problem
    stacked = np.stack(list(digits.values())) if digits else np.zeros((0, 64, DIGIT, DIGIT), dtype=np.uint8)
    return {"epochs": list(digits), "digits": stacked, "broken": list(broken), "problems": list(broken.values())}


def _digits(path: Path) -> np.ndarray:
    """One grid cut into its digits, row by row `(64, 28, 28)`; its size is looked at before it is decoded."""
    from PIL import Image

    try:
        if path.stat().st_size > LARGEST_IMAGE:
            raise _Unusable("too large")
        with Image.open(path, formats=("PNG",)) as image:
            if image.size != (IMAGE_SIDE, IMAGE_SIDE):
                raise _Unusable("other size")
            grey = np.array(image.convert("RGB").convert("L"))
    except _Unusable:
        raise
    except Exception as error:  # whatever a damaged file leads to
        raise _Unusable("unreadable", type(error).__name__) from None
    step = DIGIT + MARGIN
    cells = grey[MARGIN:, MARGIN:].reshape(8, step, 8, step)[:, :DIGIT, :, :DIGIT]
    return np.ascontiguousarray(cells.transpose(0, 2, 1, 3).reshape(64, DIGIT, DIGIT))


OPERATIONS: dict[str, Callable[[ModuleType, dict[str, Any]], dict[str, Any]]] = {
    "artifacts": artifacts,
    "trained_model": trained_model,
    "sampled_exactly": sampled_exactly,
    "handed_in_samples": handed_in_samples,
    "image_grids": image_grids,
}
