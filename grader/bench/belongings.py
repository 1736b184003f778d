"""What the modules of a student know: each object that can be reached from them, with its content."""

from __future__ import annotations

import functools
import operator
import random
import re
import sys
import types
import typing
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import PurePath
from types import ModuleType
from typing import Any

import numpy as np
import torch

MOST_OBJECTS = 4000
LARGEST_ARRAY = 2**20
"""Objects of a student's modules, and bytes of an array among them, that are looked at."""
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


class Opaque(Exception):
    """An object that cannot be looked into."""


class Own:
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
            raise Opaque
        look(self, value)

    def _sequence(self, value: Any) -> None:
        if type(value) not in (list, tuple, set, frozenset):
            raise Opaque
        self.told.append(len(value))
        for one in value:
            self._one(one)

    def _mapping(self, value: Any) -> None:
        if type(value) not in (dict, OrderedDict, types.MappingProxyType):
            raise Opaque
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
        return lies_in(self._place, module)

    def _tensor(self, value: torch.Tensor) -> None:
        if type(value) not in (torch.Tensor, torch.nn.Parameter) or value.layout is not torch.strided:
            raise Opaque
        self.told += [value._version, value.data_ptr(), value.requires_grad, value.dtype, tuple(value.shape)]
        self._one(value.grad if value.is_leaf else None)
        self._one(value.__dict__)
        self.told.append(_content(value.detach().resolve_conj().resolve_neg().numpy()))

    def _array(self, value: np.ndarray) -> None:
        if type(value) is not np.ndarray or value.dtype.hasobject:
            raise Opaque
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
            raise Opaque(kind)
        self._one(kind)
        self._all(vars(value))


_KINDS: tuple[tuple[Any, Callable[..., None]], ...] = (
    (type, Own._class),
    (types.FunctionType, Own._function),
    ((types.BuiltinFunctionType, types.MethodType, types.MethodWrapperType), Own._bound),
    ((staticmethod, classmethod, property), Own._wrapped),
    (functools.partial, Own._partial),
    ((list, tuple, set, frozenset), Own._sequence),
    ((dict, types.MappingProxyType), Own._mapping),
    (torch.Tensor, Own._tensor),
    (np.ndarray, Own._array),
    (
        (torch.Generator, random.Random, np.random.Generator, np.random.RandomState, np.random.BitGenerator),
        Own._random,
    ),
    (object, Own._object),
)


@functools.lru_cache(maxsize=500)
def _look_at(kind: Any) -> Callable[..., None] | None:
    """How an object of a class is looked into; None when it is enough that it is the same object."""
    if issubclass(kind, _PLAIN) or kind.__module__ in _FIXED:
        return None
    return next(look for kinds, look in _KINDS if issubclass(kind, kinds))


def lies_in(place: str, module: object) -> bool:
    return str(getattr(module, "__file__", None) or "").startswith(place)


def _content(array: np.ndarray) -> int:
    if array.nbytes > LARGEST_ARRAY:
        raise Opaque
    return hash(array.tobytes())
