"""Whether a check has left the process in which it ran as it found it, so that the next check may run there too.

A new process for each check costs more than most checks. It keeps one check from another: a default that was changed, a
function that was replaced, a counter of the student's own. So a process is kept only while none of this can be: what
is looked at must be the same objects with the same content, and anything that cannot be looked into counts as changed.
The runner looks at what a process cannot see of itself: its threads and its children.
"""

from __future__ import annotations

import atexit
import gc
import locale
import operator
import os
import resource
import select
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch

from grader.bench import stand_ins
from grader.bench.belongings import Opaque, Own, lies_in

SECONDS = 5.0
"""Processor time of one process, of which a check may need all that the kernel grants: far less is left behind."""
BYTES = 64 * 2**20
"""Growth of a process's largest memory beyond which the next check would have less."""
_DESCRIPTORS = 256
_MOST_FILES = 1000

_LIBRARIES = """builtins math random time os sys io warnings threading itertools functools copy
    torch torch.nn torch.nn.functional torch.nn.init torch.nn.modules.module torch.nn.parameter torch.optim
    torch.optim.optimizer torch.autograd torch.random torch.functional torch.linalg torch.special torch.fft torch._C._nn
    numpy numpy.random numpy.linalg numpy.fft torchvision.utils tqdm""".split()
_PROBES = [name for name in sys.modules if name.startswith("tests.support.probes.")]
"""Modules in which a function may have been replaced."""
_SMALLEST, _ONES = 5e-324, (1.0, -1.0)
_SIGNALS = [getattr(signal, f"SIG{name}") for name in "ALRM INT TERM USR1 USR2 CHLD PIPE VTALRM PROF XCPU FPE".split()]
_LIMITS = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]


class Footprint:
    """How a process is now: `unchanged` tells whether it still is.

    `folder` has the student's sources, `scratch` is where the check writes.
    """

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._place, self._scratch = f"{folder}{os.sep}", scratch
        self._modules = {name: one for name, one in _new_modules() if lies_in(self._place, one)}
        self._kept: list[Own] = []
        self._memory = _largest_memory()
        self._looked_at = _libraries()
        self._names = [vars(one).values() for one in _replaceable(self._looked_at)]
        self._sizes, self._values = list(map(len, self._names)), list(chain.from_iterable(self._names))
        self._before = self._look()

    def unchanged(self) -> bool:
        """Whether nothing is different that another check could notice."""
        return (
            self._before is not None
            and time.process_time() < SECONDS
            and _largest_memory() - self._memory < BYTES
            and all(map(operator.is_, self._looked_at, _libraries()))
            and list(map(len, self._names)) == self._sizes
            and all(map(operator.is_, self._values, chain.from_iterable(self._names)))
            and self._look() == self._before
        )

    def _look(self) -> list[Any] | None:
        """Everything that is compared by its content; None when something cannot be looked into."""
        try:
            own = Own(self._modules, self._place)
            self._kept = self._kept or [own]
            return [_of_torch(), _of_libraries(), _of_python(), _of_process(), self._files(), own.told]
        except (Opaque, OSError, RuntimeError, AttributeError, TypeError, ValueError, RecursionError):
            return None

    def _files(self) -> list[tuple[Any, ...]]:
        """What lies in the check's folder, which the current one is."""
        found = []
        for folder, folders, files in os.walk(self._scratch):
            for name in (*folders, *files):
                status = os.lstat(os.path.join(folder, name))
                found.append((folder, name, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns))
            if len(found) > _MOST_FILES:
                raise Opaque
        return sorted(found)


def _libraries() -> list[ModuleType | None]:
    return [sys.modules.get(name) for name in (*_LIBRARIES, *_PROBES)]


def _replaceable(modules: list[ModuleType | None]) -> Iterator[Any]:
    """The modules, and the classes in torch's, whose functions a check could replace."""
    yield from filter(None, modules)
    yield from (torch.Tensor, torch.nn.Module, torch.nn.Parameter, torch.Generator, np.random.Generator)
    for module in (torch.nn, torch.optim):
        yield from (one for one in list(vars(module).values()) if isinstance(one, type))


def _new_modules() -> Iterator[tuple[str, ModuleType]]:
    """The modules that were imported after this one: a look at any other would copy the memory where it lies."""
    for name in reversed(sys.modules):
        if name == __name__:
            return
        yield name, sys.modules[name]


def _largest_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _of_torch() -> list[Any]:
    hooks = vars(torch.nn.modules.module)
    return [
        torch.get_default_dtype(),
        str(torch.get_default_device()),
        torch.is_inference_mode_enabled(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.utils.deterministic.fill_uninitialized_memory,
        torch.get_num_threads(),
        torch.get_num_interop_threads(),
        torch.is_anomaly_enabled(),
        torch.is_autocast_enabled("cpu"),
        torch.get_float32_matmul_precision(),
        torch.backends.mkldnn.enabled,
        torch.backends.mkldnn.is_available(),
        torch._C._len_torch_dispatch_stack(),
        torch._C._len_torch_function_stack(),
        [(name, list(value)) for name, value in hooks.items() if name.startswith("_global") and hasattr(value, "keys")],
        vars(torch._tensor_str.PRINT_OPTS).copy(),
    ]


def _of_libraries() -> list[Any]:
    return [
        np.geterr(),
        np.geterrcall(),
        repr(np.get_printoptions()),
        list(map(id, dict.values(plt.rcParams))),
        plt.get_fignums(),
        list(stand_ins.used),
        stand_ins.in_place(),
    ]


def _of_python() -> list[Any]:
    return [
        [len(sys.modules), next(reversed(sys.modules))],
        list(sys.path),
        list(sys.argv),
        list(map(id, (*sys.meta_path, *sys.path_hooks, *warnings.filters, *gc.callbacks))),
        sys.getrecursionlimit(),
        sys.getswitchinterval(),
        sys.gettrace(),
        sys.getprofile(),
        gc.isenabled(),
        gc.get_threshold(),
        atexit._ncallbacks(),
        threading.active_count(),
        tempfile.tempdir,
        locale.setlocale(locale.LC_ALL),
        [(_SMALLEST * one).hex() for one in _ONES],  # 0 where small numbers are flushed, even in a comparison
        [one / 3 for one in _ONES],
    ]


def _of_process() -> list[Any]:
    mask = os.umask(0o077)
    os.umask(mask)
    return [
        mask,
        os.getcwd(),
        dict(os.environ),
        os.getpriority(os.PRIO_PROCESS, 0),
        os.sched_getaffinity(0),
        [resource.getrlimit(kind) for kind in _LIMITS],
        [signal.getsignal(number) for number in _SIGNALS],
        signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        signal.getitimer(signal.ITIMER_REAL)[1] + signal.getitimer(signal.ITIMER_VIRTUAL)[1],
        list(_open_files()),
    ]


def _open_files() -> Iterator[tuple[int, int, int]]:
    asked = select.poll()
    for descriptor in range(_DESCRIPTORS):
        asked.register(descriptor, 0)
    closed = {descriptor for descriptor, event in asked.poll(0) if event & select.POLLNVAL}
    for descriptor in set(range(_DESCRIPTORS)) - closed:
        status = os.fstat(descriptor)
        yield descriptor, status.st_dev, status.st_ino
