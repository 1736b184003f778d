"""The boundary that all safety rests on: which room may import which, and that the machine names no homework.

Each guard is also held against a copy of the project in which what it forbids is planted.
"""

from __future__ import annotations

import graphlib
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from grader.imports import below, read
from grader.project import ROOT
from grader.tests.places import checkout
from tests.support.homework import assignment

GRADER = (
    *("errors", "verbs", "project", "imports", "wire", "messages", "rubric"),
    *("bench", "report", "judge", "run", "course", "release", "calibrate", "audit", "reproduce", "__main__"),
)
SUPPORT = (
    *("homework", "observations", "status", "remarks", "verdicts", "laws", "marks", "transports", "submission"),
    *("probes", "observed", "judging", "advice"),
)
"""The rooms of `grader/` and of `tests/support/`, from the ground up: each imports only of those before it."""
BESIDE_STUDENTS_CODE = ("observations", "probes", "status")
"""What the bench may import of `tests.support`; the last for its messages, which say how a check stands."""
HANDED_OUT = (
    *("Makefile", "README.md", "pyproject.toml", "requirements.txt"),
    *(*assignment.FILES, f"{assignment.HELPERS[0]}.py"),
    *("tests/__init__.py", "tests/conftest.py", "tests/public/*.py", "tests/support/*.py", "tests/local/*.py"),
    *("tests/later.json", "data/mnist-6000-idx3-ubyte.gz"),
    *(f"tests/support/{room}/*.py" for room in ("advice", "homework", "judging", "observed", "probes")),
    "tests/support/advice/digit_space.npz",
)
"""Everything that `student.zip` may hold."""
SPOKEN = ("hw5", "hw3", "cs446", "langevin", "mnist", "digit", "score field", "noise level", "discriminator")
"""Words of this homework that stand in no field of its description."""


# --- the guards: each returns what it objects to ------------------------------------------------------


def arrows_up(root: Path) -> list[str]:
    """Imports from a room into one above it, or into a room that is in neither list."""
    found = []
    for house, rooms in (("grader", GRADER), ("tests.support", SUPPORT)):
        place = {f"{house}.{room}": k for k, room in enumerate(rooms)}
        for name, imported in read(root).of.items():
            mine = _room(name, house)
            for one in sorted({_room(one, house) for one in imported} - {"", mine}):
                if mine and place.get(one, len(place)) > place.get(mine, -1):
                    found.append(f"{name} imports {one}")
    return found


def _room(name: str, house: str) -> str:
    """The room of a house in which a module is, or nothing."""
    return f"{house}.{name.removeprefix(house + '.').partition('.')[0]}" if name.startswith(house + ".") else ""


def circles(root: Path) -> list[str]:
    """A circle of imports."""
    graph = read(root).of
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


def probes_that_know(root: Path) -> list[str]:
    """What probes import of the suites besides observations."""
    allowed = ("tests.support.probes", "tests.support.observations")
    ours = {name for name in read(root).closure(*allowed) if below(name, "tests")}
    return sorted(name for name in ours - {"tests", "tests.support"} if not any(below(name, one) for one in allowed))


def benches_that_know(root: Path) -> list[str]:
    """What the bench imports of the trusted parties, or of what the suites know."""
    allowed = (
        *(f"tests.support.{one}" for one in BESIDE_STUDENTS_CODE),
        *("grader.bench", "grader.messages", "grader.wire", "grader.project"),
    )
    ours = {name for name in read(root).closure("grader.bench") if name.partition(".")[0] in ("grader", "tests")}
    ours -= {"grader", "tests", "tests.support"}
    return sorted(name for name in ours if not any(below(name, one) for one in allowed))


def suites_that_know(root: Path) -> list[str]:
    """What the suites import of the grader and the solutions."""
    imported = {one for name, ones in read(root).of.items() if below(name, "tests") for one in ones}
    solutions = ("reference", *(module.name for module in assignment.MODULES))
    return sorted(one for one in imported if any(below(one, forbidden) for forbidden in ("grader", *solutions)))


def judges_with_torch(root: Path) -> list[str]:
    """Libraries of the students' that a judge has loaded when it has collected every suite, or could load later."""
    own_computer = ("tests.conftest", "tests.support.probes")  # where the suites run without a judge
    parts = ("grader.judge", "tests.conftest", "tests.public", "tests.hidden")
    later = read(root).closure(*parts, without=own_computer)
    code = (
        "import sys, pytest\nfrom pathlib import Path\nfrom grader.judge import server\n"
        "assert pytest.main([*server._arguments(Path('tests').resolve()), '--collect-only']) == 0\n"
        "print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    loaded = set(ran.stdout.splitlines()[-1].split())
    assert {"tests.conftest", "tests.support.judging", "numpy"} <= loaded
    unwanted = ("torch", "torchvision", "cv2", "tests.support.probes")
    return sorted(name for name in later | loaded if name in unwanted)


def more_than_is_handed_out(root: Path) -> list[str]:
    """Files of `student.zip` that are not in the list."""
    code = "from grader.release import package\nprint(*package.student(), sep='\\n')"
    ran = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    names = ran.stdout.split()
    assert set(assignment.FILES) < set(names)
    return [name for name in names if not any(PurePosixPath(name).match(pattern) for pattern in HANDED_OUT)]


def homework_in_the_machine(root: Path) -> list[str]:
    """Lines of the grader, in code or in words, that speak of this homework."""
    defined = [name for module in assignment.MODULES for name in (module.name, *module.defines) if not name.isupper()]
    described = [*defined, *assignment.HELPERS, *(problem.title for problem in assignment.PROBLEMS)]
    trained = [artifact.name for artifact in assignment.ARTIFACTS]
    words = "|".join(re.escape(word) for word in (*described, *trained, *SPOKEN))
    spoken = re.compile(rf"(?<![a-z])(?:{words})s?(?![a-z])", re.IGNORECASE)
    found = []
    for path in sorted((root / "grader").rglob("*")):
        room = path.relative_to(root / "grader").parts[0]
        if path.is_file() and room not in ("tests", "reproduce") and "__pycache__" not in path.parts:
            lines = path.read_text("utf-8").splitlines()
            found += [f"{path.name}: {line.strip()}" for line in lines if spoken.search(line)]
    return found


Guard = Callable[[Path], list[str]]
GUARDS: tuple[Guard, ...] = (
    *(arrows_up, circles, probes_that_know, benches_that_know),
    *(suites_that_know, judges_with_torch, more_than_is_handed_out, homework_in_the_machine),
)


@pytest.mark.parametrize("guard", GUARDS)
def test_the_boundary_holds(guard: Guard):
    assert guard(ROOT) == []


def test_every_room_is_in_its_list():
    for house, rooms in ((ROOT / "grader", {*GRADER, "tests"}), (ROOT / "tests" / "support", set(SUPPORT))):
        there = {path.stem for path in house.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
        assert there - {"__init__"} == rooms


@pytest.mark.parametrize(
    ("guard", "file", "planted"),
    [
        (arrows_up, "tests/support/verdicts.py", "from tests.support.judging import tables"),
        (arrows_up, "grader/report/results.py", "if TYPE_CHECKING:\n    from grader.run.runner import Runner"),
        (arrows_up, "grader/cellar.py", "from grader import wire"),
        (circles, "tests/support/judging/tables.py", "def late():\n    from tests.support.judging import structure"),
        (probes_that_know, "tests/support/probes/gan.py", "from tests.support.homework import losses"),
        (probes_that_know, "tests/support/observations.py", "import tests.support.homework.langevin"),
        (probes_that_know, "tests/support/probes/__init__.py", "from ..advice import pattern"),
        (benches_that_know, "grader/bench/server.py", "def late():\n    from grader.report import results"),
        (benches_that_know, "grader/messages.py", "from tests.support.homework import assignment"),
        (benches_that_know, "grader/bench/unpack.py", 'importlib.import_module("grader.judge.collector")'),
        (suites_that_know, "tests/hidden/oracles.py", "from grader import wire"),
        (suites_that_know, "tests/support/laws.py", "def late():\n    import hw5_gan"),
        (judges_with_torch, "tests/support/judging/chain.py", "import torch"),
        (judges_with_torch, "tests/hidden/oracles.py", "def late():\n    from torch import nn"),
        (judges_with_torch, "grader/judge/collector.py", "import tests.support.probes"),
        (more_than_is_handed_out, "tests/public/answers/key.py", "KEY = 1"),
        (more_than_is_handed_out, "tests/solution.py", ""),
        (homework_in_the_machine, "grader/run/runner.py", "# where hw5_gan.py was"),
        (homework_in_the_machine, "grader/report/page.html.j2", "<p>How well the ScoreNets do</p>"),
    ],
)
def test_each_guard_sees_what_is_planted(tmp_path: Path, guard: Guard, file: str, planted: str):
    copy = checkout(tmp_path / "copy")
    path = copy / file
    path.parent.mkdir(exist_ok=True)
    before = path.read_text("utf-8") if path.exists() else ""
    path.write_text(f"{before}\n{planted}\n", "utf-8")
    assert guard(copy) != []
