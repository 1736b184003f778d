"""Stand-ins for what cannot be had where students' code is graded, so that right work does not fail for want of it.

From the start: a notebook's progress bar, windows, worker processes, a compiler. A library that is missing is stood in
for only after an import of it has failed and nobody caught that: whoever asks whether it is there is told the truth.
What only shows or records does nothing; anything else raises as soon as it is used. Which were used is kept as the
names of `tests.support.remarks`.
"""

from __future__ import annotations

import builtins
import importlib.abc
import importlib.machinery
import multiprocessing
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing import context
from types import ModuleType
from typing import Any

from tests.support import observations

MOST = 20
"""Libraries that are stood in for in one process."""
OURS = ("tests", "grader", "reference")
SHOWING = frozenset(
    """IPython ipywidgets ipykernel google notebook jupyter traitlets nbformat ipdb pudb matplotlib_inline
    fastprogress alive_progress progressbar progress enlighten halo yaspin colorama termcolor rich loguru coloredlogs
    tabulate prettytable wandb tensorboard tensorboardX tensorboard_logger mlflow comet_ml neptune aim clearml visdom
    swanlab dvclive livelossplot seaborn plotly bokeh altair holoviews bqplot pygal mplcyberpunk scienceplots cmocean
    colorcet adjustText imageio moviepy celluloid ipympl torchsummary torchinfo torchviz graphviz pydot torchview
    hiddenlayer netron psutil GPUtil gputil pynvml nvidia_smi py3nvml codecarbon numba beartype typeguard jaxtyping
    torchtyping line_profiler memory_profiler icecream snoop pysnooper viztracer pretty_errors better_exceptions
    tkinter _tkinter turtle PyQt5 PyQt6 PySide2 PySide6 wx pygame winsound msvcrt dotenv pytest_notebook nest_asyncio
    jupyterthemes watermark ipytest kaggle_secrets""".split()
)
"""Libraries that show, record, measure or check, and compute nothing that is graded."""
_BESIDE = {"tensorboard": ("torch.utils.tensorboard",)}
"""Modules that need a library, and of which there is no use without it."""
_BUILTINS = ("get_ipython", "display")
_OF_WORKERS = ("num_workers", "prefetch_factor", "persistent_workers", "multiprocessing_context", "timeout")
_COUNTED = ("trange", "tnrange", "prange")

used: list[str] = []
"""Names of remarks, as they arose in this process."""


def note(remark: str) -> None:
    """Keep a remark, once."""
    if remark not in used:
        used.append(remark)


class Quiet:
    """Anything of a library that only shows: called it shows nothing, iterated over it gives what it was given."""

    def __init__(self, name: str, content: Any = ()) -> None:
        self.__dict__ |= {"_name": name, "_content": content, "__name__": name, "__version__": "999"}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Quiet(name)

    def __call__(self, *arguments: Any, **_: Any) -> Any:
        first = arguments[0] if arguments else ()
        if len(arguments) == 1 and callable(first) and not hasattr(first, "__iter__"):
            return first  # a decorator
        if self._name in _COUNTED:
            return Quiet(self._name, range(*(one for one in arguments if isinstance(one, int))))
        return Quiet(self._name, first if hasattr(first, "__iter__") and not isinstance(first, str | bytes) else ())

    def __iter__(self) -> Iterator[Any]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def __getitem__(self, _: Any) -> Any:
        return self

    def __setitem__(self, _: Any, __: Any) -> None:
        return None

    def __contains__(self, _: Any) -> bool:
        return False

    def __float__(self) -> float:
        return 0.0

    def __int__(self) -> int:
        return 0

    def __format__(self, _: str) -> str:
        return ""

    def __str__(self) -> str:
        return ""

    def __mro_entries__(self, _: tuple[Any, ...]) -> tuple[type, ...]:
        return (object,)

    def _same(self, *_: Any) -> Any:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _same
    __or__ = __ror__ = __and__ = __rand__ = __neg__ = _same


class Missing:
    """Anything of a library that is not there: it may be named, and raises ModuleNotFoundError when it is used."""

    def __init__(self, library: str) -> None:
        self.__dict__["_library"] = library

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Missing(self._library)

    def _raise(self, *_: Any, **__: Any) -> Any:
        raise ModuleNotFoundError(f"No module named {self._library!r}", name=self._library)

    __call__ = __iter__ = __len__ = __bool__ = __enter__ = __float__ = __int__ = __mro_entries__ = _raise
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _raise

    def __setattr__(self, _: str, __: Any) -> None:
        return None

    def __instancecheck__(self, _: Any) -> bool:
        return False

    def _same(self, *_: Any) -> Any:
        return self

    __or__ = __ror__ = __getitem__ = _same


class _Library(ModuleType):
    """A module of a stood-in library; whatever is asked of it is there."""

    def __getattr__(self, name: str) -> Any:
        library = self.__name__.partition(".")[0]
        if name == "__version__":
            return "999"
        if name.startswith("__") and name.endswith("__"):
            if name == "__all__" and library not in SHOWING:  # `from it import *` gives nothing that could raise later
                raise ModuleNotFoundError(f"No module named {library!r}", name=library)
            raise AttributeError(name)
        return Quiet(name) if _is_quiet(self.__name__) else Missing(library)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of the libraries that are stood in for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        """A module of a library that is stood in for."""
        if any(fullname == name or fullname.startswith(f"{name}.") for name in self.names):
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        """An empty one."""
        return _Library(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is to be run."""


_finder = _Finder()


def in_place() -> list[str]:
    """The libraries that are stood in for in this process."""
    return sorted(_finder.names)


def _is_quiet(name: str) -> bool:
    return name.partition(".")[0] in SHOWING or any(name in beside for beside in _BESIDE.values())


def provide(error: BaseException | None) -> bool:
    """Stand in for what an exception says is missing; False when it is another exception, or nothing can be done."""
    if isinstance(error, NameError) and getattr(error, "name", None) in _BUILTINS:
        if hasattr(builtins, str(error.name)):
            return False
        setattr(builtins, str(error.name), Quiet(str(error.name)))
        note(f"{observations.NOT_SHOWN}:{error.name}")
        return True
    if not isinstance(error, ModuleNotFoundError) or not isinstance(error.name, str) or len(_finder.names) >= MOST:
        return False
    name = error.name
    top = name.partition(".")[0]
    if name in _finder.names or top in OURS or (name != top and not _is_quiet(name)):
        return False
    if str(error) != f"No module named {name!r}":  # of a library that is stood in for already, when it is used
        return False
    if name == top and (folder := _own_folder(error, top)):
        package = sys.modules[top] = ModuleType(top)
        package.__path__ = [folder]
        return True
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
    _finder.names |= {name, *_BESIDE.get(name, ())}
    note(
        f"{observations.NOT_SHOWN if _is_quiet(name) else observations.STAND_IN}:{top[: observations.LONGEST_SUBJECT]}"
    )
    if top == "google":
        _stay_out_of_colab()
    return True


def _own_folder(error: ModuleNotFoundError, name: str) -> str:
    """The folder of the sources, where the import that failed names it: `from NAME.layers import ...` beside layers.py.

    It had another name when its owner ran it from the folder above.
    """
    lines = traceback.extract_tb(error.__traceback__)
    found = re.search(rf"\b(?:from|import)\s+{re.escape(name)}\.(\w+)", (lines[-1].line or "") if lines else "")
    folder = os.path.dirname(lines[-1].filename) if lines else ""
    there = found is not None and any(os.path.exists(os.path.join(folder, found[1] + end)) for end in (".py", ""))
    return folder if there and name not in sys.modules else ""


def _stay_out_of_colab() -> None:
    """Let a change into a folder of Google Drive do nothing: it is not there."""
    own = os.chdir

    def chdir(path: Any) -> None:
        try:
            own(path)
        except FileNotFoundError:
            if not str(path).startswith(("/content", "drive/")):
                raise
            note(observations.COLAB_FOLDER)

    os.chdir = chdir


def prepare() -> None:
    """Put the stand-ins in place that are there from the start; torch and what the released files use are imported."""
    import torch

    _show_plain_bars()
    _open_no_windows()
    torch.compile = _compile
    torch.nn.Module.compile = lambda self, *_, **__: note(observations.EAGER)
    _load_in_this_process(torch.utils.data.DataLoader)
    # Nothing can be executed here, so that a new interpreter cannot be started: a worker is a fork.
    for method in ("spawn", "forkserver"):
        context._concrete_contexts[method] = context._concrete_contexts["fork"]  # type: ignore[attr-defined]
    multiprocessing.set_start_method("fork", force=True)
    sys.breakpointhook = lambda *_, **__: None


def _show_plain_bars() -> None:
    """Give a notebook's progress bar, which needs a browser, as the plain one, which takes the same arguments."""
    from tqdm import std

    class Bar(std.tqdm):
        """A plain bar that ignores what only a notebook's has."""

        def __init__(self, *arguments: Any, display: bool = True, **named: Any) -> None:
            self.container = None
            note(f"{observations.NOT_SHOWN}:tqdm")
            super().__init__(*arguments, **named)

    for name in ("tqdm.notebook", "tqdm.gui", "tqdm.rich", "tqdm.tk"):
        module = ModuleType(name)
        bar = {"tqdm": Bar, "trange": lambda *numbers, **named: Bar(range(*numbers), **named)}
        module.__dict__.update(bar)
        module.__dict__.update(tqdm_notebook=Bar, tnrange=bar["trange"], tqdm_gui=Bar, tqdm_rich=Bar, tqdm_tk=Bar)
        sys.modules[name] = module
        setattr(sys.modules["tqdm"], name.partition(".")[2], module)


def _open_no_windows() -> None:
    """Let what opens a window do nothing; a style that this release of matplotlib does not know changes nothing."""
    import cv2
    import matplotlib.pyplot as plt
    from matplotlib import style

    for name in ("imshow", "namedWindow", "destroyAllWindows", "destroyWindow", "moveWindow", "resizeWindow"):
        setattr(cv2, name, lambda *_, **__: None)
    for name in ("waitKey", "waitKeyEx", "pollKey"):
        setattr(cv2, name, lambda *_, **__: -1)
    own = style.use

    def use(style: Any) -> None:
        with suppress(OSError):
            own(style)

    style.use = plt.style.use = use


def _compile(model: Any = None, **options: Any) -> Any:
    """In the place of torch.compile, which needs a compiler: the function or the network as it is."""
    note(observations.EAGER)
    if model is None:
        return lambda model: _compile(model, **options)
    with suppress(AttributeError, TypeError):
        object.__setattr__(model, "_orig_mod", model)
    return model


def _load_in_this_process(loader: type) -> None:
    """Let a DataLoader have no worker processes, whatever it is asked for."""
    own: Callable[..., None] = loader.__init__  # type: ignore[misc]
    place = 5  # of num_workers among the arguments, after the loader itself and the data

    def init(self: Any, dataset: Any, *arguments: Any, **named: Any) -> None:
        given = list(arguments)
        wanted = given[place - 1] if len(given) >= place else named.get("num_workers", 0)
        if isinstance(wanted, int) and wanted > 0:
            note(observations.NO_WORKERS)
            if len(given) >= place:
                given[place - 1] = 0
            named = {
                name: value
                for name, value in named.items()
                if name
                not in ("num_workers", "prefetch_factor", "persistent_workers", "multiprocessing_context", "timeout")
            }
        own(self, dataset, *given, **named)

    loader.__init__ = init  # type: ignore[misc]
