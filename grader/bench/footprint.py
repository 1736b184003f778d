"""Whether a check has left the process in which it ran as it found it, so that the next check may run there too.

A new process for each check costs more than most checks. It keeps one check from another: a default that was changed, a
function that was replaced, a counter of the student's own. So a process is kept only while none of this can be: what
is looked at must be the same objects with the same content, and anything that cannot be looked into counts as changed.
The runner looks at what a process cannot see of itself: its threads and its children.
"""

from __future__ import annotations

import atexit
import functools
import gc
import locale
import operator
import os
import random
import re
import resource
import select
import signal
import sys
import tempfile
import threading
import time
import types
import typing
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import torch

from grader.bench import stand_ins

SECONDS = 5.0
"""Processor time of one process, of which a check may need all that the kernel grants: far less is left behind."""
BYTES = 64 * 2**20
"""Growth of a process's largest memory beyond which the next check would have less."""
MOST_OBJECTS = 4000
LARGEST_ARRAY = 2**20
"""Objects of a student's modules, and bytes of an array among them, that are looked at."""
_DESCRIPTORS = 256
_MOST_FILES = 1000

_LIBRARIES = """builtins math random time os sys io warnings threading itertools functools copy
    torch torch.nn torch.nn.functional torch.nn.init torch.nn.modules.module torch.nn.parameter torch.optim
    torch.optim.optimizer torch.autograd torch.random torch.functional torch.linalg torch.special torch.fft torch._C._nn
    numpy numpy.random numpy.linalg numpy.fft torchvision.utils tqdm""".split()
_PROBES = [name for name in sys.modules if name.startswith("tests.support.probes.")]
"""Modules in which a function may have been replaced."""
_SEEDED = (
    torch.default_generator,
    *(getattr(owner, "__self__", None) for owner in (np.random.normal, random.random)),
)
"""Generators that every request seeds."""
_PLAIN = (
    *(type(None), bool, int, float, complex, str, bytes, range, type(...), type(NotImplemented)),
    *(torch.dtype, torch.device, torch.layout, torch.memory_format, torch.Size),
    *(np.dtype, np.generic, np.ufunc, re.Pattern, PurePath),
    *(types.CodeType, types.MethodDescriptorType, types.WrapperDescriptorType, types.GetSetDescriptorType),
    *(types.MemberDescriptorType, types.GenericAlias, types.UnionType, typing.TypeVar),
    types.ModuleType,
)
"""Of what cannot change, or is looked at elsewhere, it is enough that it is the same object."""
_TRANSPARENT = ("torch.nn", "torch.autograd", "torch.utils._contextlib", "torchvision.transforms", "enum", "abc")
"""Where the classes come from whose objects have all they know in their `__dict__`."""
_FIXED = ("dataclasses", "typing")
"""Where the classes come from whose objects say how a class or a type was written."""
_OF_MODULES = ("__builtins__", "__spec__", "__loader__", "__cached__", "__warningregistry__")
_OF_CLASSES = ("__dict__", "__weakref__", "_abc_impl", "__abstractmethods__")


_SMALLEST, _ONES = 5e-324, (1.0, -1.0)
_SIGNALS = [getattr(signal, f"SIG{name}") for name in "ALRM INT TERM USR1 USR2 CHLD PIPE VTALRM PROF XCPU FPE".split()]
_LIMITS = [getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")]


class _Opaque(Exception):
    """An object that cannot be looked into."""


class Footprint:
    """How a process is now: `unchanged` tells whether it still is.

    `folder` has the student's sources, `scratch` is where the check writes.
    """

    def __init__(self, folder: Path, scratch: Path) -> None:
        self._place, self._scratch = f"{folder}{os.sep}", scratch
        self._modules = {name: one for name, one in _new_modules() if _lies_in(self._place, one)}
        self._kept: list[_Own] = []
        self._memory = _largest_memory()
        self._libraries = [list(vars(one).values()) for one in _replaceable()]
        self._before = self._look()

    def unchanged(self) -> bool:
        """Whether nothing is different that another check could notice."""
        return (
            self._before is not None
            and time.process_time() < SECONDS
            and _largest_memory() - self._memory < BYTES
            and all(map(_same, self._libraries, map(vars, _replaceable())))
            and self._look() == self._before
        )

    def _look(self) -> list[Any] | None:
        """Everything that is compared by its content; None when something cannot be looked into."""
        try:
            own = _Own(self._modules, self._place)
            self._kept = self._kept or [own]
            return [_of_torch(), _of_libraries(), _of_python(), _of_process(), self._files(), own.told]
        except (_Opaque, OSError, RuntimeError, AttributeError, TypeError, ValueError, RecursionError):
            return None

    def _files(self) -> list[tuple[Any, ...]]:
        """What lies in the check's folder, which the current one is."""
        found = []
        for folder, folders, files in os.walk(self._scratch):
            for name in (*folders, *files):
                status = os.lstat(os.path.join(folder, name))
                found.append((folder, name, status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns))
            if len(found) > _MOST_FILES:
                raise _Opaque
        return sorted(found)


def _replaceable() -> Iterator[Any]:
    """The modules, and the classes in torch's, whose functions a check could replace."""
    yield from (sys.modules[name] for name in (*_LIBRARIES, *_PROBES) if name in sys.modules)
    yield from (torch.Tensor, torch.nn.Module, torch.nn.Parameter, torch.Generator, np.random.Generator)
    for module in (torch.nn, torch.optim):
        yield from (one for one in list(vars(module).values()) if isinstance(one, type))


def _new_modules() -> Iterator[tuple[str, ModuleType]]:
    """The modules that were imported after this one: a look at any other would copy the memory where it lies."""
    for name in reversed(sys.modules):
        if name == __name__:
            return
        yield name, sys.modules[name]


def _same(before: list[Any], now: Mapping[str, Any]) -> bool:
    return len(before) == len(now) and all(map(operator.is_, before, now.values()))


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


class _Own:
    """What the modules of a student know: each object that can be reached, with its content.

    An object stands for itself by its address, and is kept: no other can have that address as long as this one is.
    """

    def __init__(self, modules: dict[str, ModuleType], place: str) -> None:
        self._place = place
        self._seen: set[int] = set()
        self._kept: list[Any] = []
        self.told: list[Any] = []
        for name, module in modules.items():
            self.told.append(name)
            self._all(vars(module), _OF_MODULES)

    def _all(self, names: Mapping[str, Any], without: tuple[str, ...] = ()) -> None:
        for name, value in sorted(names.items(), key=operator.itemgetter(0)):  # one that is put back comes last
            if name not in without:
                self.told.append(name)
                self._one(value)

    def _one(self, value: Any) -> None:
        self.told.append(id(value))
        self._kept.append(value)
        look = _look_at(type(value))  # type: ignore[arg-type]  # a class is hashable
        if look is None or id(value) in self._seen:
            return
        self._seen.add(id(value))
        if len(self._seen) > MOST_OBJECTS:
            raise _Opaque
        look(self, value)

    def _sequence(self, value: Any) -> None:
        if type(value) not in (list, tuple, set, frozenset):
            raise _Opaque
        self.told.append(len(value))
        for one in value:
            self._one(one)

    def _mapping(self, value: Any) -> None:
        if type(value) not in (dict, OrderedDict, types.MappingProxyType):
            raise _Opaque
        self.told.append(len(value))
        for name, one in list(value.items()):
            self._one(name)
            self._one(one)

    def _function(self, value: types.FunctionType) -> None:
        if not (value.__code__.co_filename.startswith(self._place) or self._is_own(value)):
            return  # of a library, and not around a function of the student's
        self._one(value.__code__)
        for part in (value.__defaults__, value.__kwdefaults__, value.__dict__):
            self._one(part)
        for cell in value.__closure__ or ():
            self._one(cell.cell_contents)

    def _bound(self, value: Any) -> None:
        owner = value.__self__
        if owner is not None and not isinstance(owner, types.ModuleType | type):
            self._one(owner)
        if isinstance(value, types.MethodType) and isinstance(value.__func__, types.FunctionType):
            self._one(value.__func__)

    def _wrapped(self, value: Any) -> None:
        parts = (value.fget, value.fset, value.fdel) if isinstance(value, property) else (value.__func__,)
        for part in parts:
            self._one(part)

    def _partial(self, value: functools.partial[Any]) -> None:
        for part in (value.func, value.args, value.keywords):
            self._one(part)

    def _class(self, value: type) -> None:
        if self._is_own(value):
            self.told += map(id, value.__mro__)
            self._all(vars(value), _OF_CLASSES)

    def _is_own(self, defined: type | types.FunctionType) -> bool:
        module = sys.modules.get(str(defined.__module__))
        return _lies_in(self._place, module)

    def _tensor(self, value: torch.Tensor) -> None:
        if type(value) not in (torch.Tensor, torch.nn.Parameter) or value.layout is not torch.strided:
            raise _Opaque
        self.told += [value._version, value.data_ptr(), value.requires_grad, value.dtype, tuple(value.shape)]
        self._one(value.grad if value.is_leaf else None)
        self._one(value.__dict__)
        self.told.append(_content(value.detach().resolve_conj().resolve_neg().numpy()))

    def _array(self, value: np.ndarray) -> None:
        if type(value) is not np.ndarray or value.dtype.hasobject:
            raise _Opaque
        self.told += [value.shape, value.dtype, value.flags.writeable, _content(value)]

    def _random(self, value: Any) -> None:
        if any(value is one for one in _SEEDED):
            return
        if isinstance(value, torch.Generator):
            state: object = value.get_state().numpy().tobytes()
        elif isinstance(value, random.Random):
            state = value.getstate()
        else:
            bits = value._bit_generator if isinstance(value, np.random.RandomState) else value
            state = repr(getattr(bits, "bit_generator", bits).state)
        self.told.append(hash(state))

    def _object(self, value: Any) -> None:
        kind = type(value)
        ours = [one for one in kind.__mro__ if one is not object]
        plain = all(self._is_own(one) or one.__module__.startswith(_TRANSPARENT) for one in ours)
        if not ours or not plain or any("__slots__" in vars(one) for one in ours if self._is_own(one)):
            raise _Opaque(kind)
        self._one(kind)
        self._all(vars(value))


_KINDS: tuple[tuple[Any, Callable[..., None]], ...] = (
    (type, _Own._class),
    (types.FunctionType, _Own._function),
    ((types.BuiltinFunctionType, types.MethodType, types.MethodWrapperType), _Own._bound),
    ((staticmethod, classmethod, property), _Own._wrapped),
    (functools.partial, _Own._partial),
    ((list, tuple, set, frozenset), _Own._sequence),
    ((dict, types.MappingProxyType), _Own._mapping),
    (torch.Tensor, _Own._tensor),
    (np.ndarray, _Own._array),
    (
        (torch.Generator, random.Random, np.random.Generator, np.random.RandomState, np.random.BitGenerator),
        _Own._random,
    ),
    (object, _Own._object),
)


@functools.lru_cache(maxsize=500)
def _look_at(kind: Any) -> Callable[..., None] | None:
    """How an object of a class is looked into; None when it is enough that it is the same object."""
    if issubclass(kind, _PLAIN) or kind.__module__ in _FIXED:
        return None
    return next(look for kinds, look in _KINDS if issubclass(kind, kinds))


def _lies_in(place: str, module: object) -> bool:
    return str(getattr(module, "__file__", None) or "").startswith(place)


def _content(array: np.ndarray) -> int:
    if array.nbytes > LARGEST_ARRAY:
        raise _Opaque
    return hash(array.tobytes())
