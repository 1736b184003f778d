"""What comes from outside never breaks a trusted process: frames, observations, archives and folders made to be wrong.

A moderate number of each runs with the other tests; `make fuzz` runs more than 100,000, other ones every time.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import io
import os
import pkgutil
import random
import socket
import stat
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, ClassVar, get_args, get_origin

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tests.conftest  # noqa: F401  # the suites' own settings, before the suites are imported
from grader import wire
from grader.bench import selection, sources
from grader.bench.unpack import unpack
from grader.judge.collector import judged
from grader.messages import Unpacked
from grader.project import ROOT
from grader.run import archives, intake, names
from grader.tests.trained import with_everything
from tests.support import observed
from tests.support.observations import (
    LONGEST_MESSAGE,
    LONGEST_NAME,
    MOST_ENTRIES,
    NOTEBOOK_LINES,
    BadReply,
    Failure,
    distrusted,
    is_printable,
    parse,
)
from tests.support.observed import networks
from tests.support.probes import vocabulary
from tests.support.submission import Submission, _key
from tests.support.transports import InProcess
from tests.support.verdicts import Advice

SCALE = int(os.environ.get("FUZZ_SCALE", "1"))
seeds = st.integers(0, 2**64 - 1)


def fuzz(examples: int) -> settings:
    """This many inputs, or `FUZZ_SCALE` times as many new ones."""
    return settings(
        max_examples=examples * SCALE,
        derandomize=SCALE == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


# --- what a hostile bench may answer ---

DTYPES = sorted(wire.DTYPES)
WORDS = ("", "passed", "\0", "\ud7ff\U0001f600", "hw5_gan.py", "4.4", "x" * 5000, "../../etc", "<b>", "nan")
WORDS += ("\u202ebidi", "\ue000", "\x1b[2J", "é" * 100, "conv2d", "upsample", "leaky_relu", "max_pool2d", "a b" * 90)
EXTREMES = (0.0, -0.0, 5e-324, 1e-300, 1e-155, 1e-45, 1e-20, 1.0, -1.0, 3e38, 1e155, 1e300, np.nan, np.inf, -np.inf)
NUMBERS = (0, 1, -1, 2**31, -(2**63), 2**63, 10**400, 0.0, -0.0, 1e-320, 1e308, True, None)


def array(rng: random.Random) -> np.ndarray:
    """Any array that a frame can carry: no dimension, none of length, infinite, not a number."""
    shape = [rng.choice([0, 1, 1, 2, 3, 7]) for _ in range(rng.randrange(5))]
    values = np.array([rng.choice([0.0, 1.0, -1.5, 1e300, np.nan, np.inf, -np.inf]) for _ in range(8)])
    with np.errstate(all="ignore"):
        return np.resize(values, shape).astype(rng.choice(DTYPES))


def anything(rng: random.Random, depth: int = 3) -> Any:
    """A value of any of the kinds that a frame can carry."""
    kind = rng.randrange(6 if depth else 3)
    if kind == 3:
        return [anything(rng, depth - 1) for _ in range(rng.randrange(4))]
    if kind in (4, 5):
        return {rng.choice(WORDS): anything(rng, depth - 1) for _ in range(rng.randrange(4))}
    return (array(rng), rng.choice(WORDS), rng.choice(NUMBERS))[kind]


def stretched(value: np.ndarray, rng: random.Random) -> np.ndarray:
    """An array that is the right one but for numbers larger or smaller than any right ones, in all rows or in some."""
    made = np.atleast_1d(value.copy() if rng.random() < 0.7 else value.astype(np.float64))
    place, extreme = rng.randrange(len(made)), rng.choice(EXTREMES)
    some = made[rng.choice([slice(None), slice(place, None), slice(place, place + 1)])]
    with np.errstate(all="ignore"):
        some[...] = rng.choice([0 * some + extreme, some * extreme, some + extreme])
    return made.reshape(value.shape)


def bent(value: np.ndarray, rng: random.Random) -> Any:
    """An array that is nearly the right one."""
    if value.size and value.dtype.kind == "f" and rng.random() < 0.5:
        return stretched(value, rng)
    flat = value.astype(np.float64 if value.dtype.kind == "f" else value.dtype).ravel()
    match rng.randrange(9):
        case 0:
            return value[:-1] if value.ndim else value[None]
        case 1:
            return value[..., None]
        case 2:
            return value.T
        case 3:
            return flat
        case 4:
            return np.concatenate([value, value]) if value.ndim else array(rng)
        case 5:
            return value.astype(rng.choice(DTYPES))
        case 6:
            flat[: rng.randrange(flat.size + 1)] = rng.choice([0, 1])
        case 7 if value.dtype.kind == "f":
            flat[rng.randrange(max(flat.size, 1)) :] = rng.choice([np.nan, np.inf, -np.inf, 1e300, 1e-320])
        case _:
            return array(rng)
    return flat.reshape(value.shape)


def altered(value: Any, rng: random.Random) -> Any:
    """The value with one of its parts replaced, removed, doubled or bent."""
    if isinstance(value, dict) and value and rng.random() < 0.95:
        name = rng.choice(sorted(value))
        if rng.random() < 0.03:
            return {key: one for key, one in value.items() if key != name}
        return {**value, name: altered(value[name], rng)}
    if isinstance(value, (list, tuple)) and value and rng.random() < 0.9:
        place = rng.randrange(len(value))
        if rng.random() < 0.2:
            return [*value[:place], *value[place + 1 :]]
        if rng.random() < 0.2:
            return [*value, value[place]]
        return [*value[:place], altered(value[place], rng), *value[place + 1 :]]
    if isinstance(value, np.ndarray) and rng.random() < 0.9:
        return bent(value, rng)
    if isinstance(value, list) and value and rng.random() < 0.1:
        return value * min(rng.choice([2, 100, 20_000]), 2 + wire.LARGEST_BODY // weight(value))  # calls, steps, names
    same_kind = [one for one in (*NUMBERS, *WORDS) if type(one) is type(value)]
    return rng.choice(same_kind) if same_kind and rng.random() < 0.8 else anything(rng)


def weight(value: Any) -> int:
    """Bytes of a value in a frame, or a little more."""
    if isinstance(value, np.ndarray):
        return 64 + value.nbytes
    if isinstance(value, dict):
        return 64 + sum(map(weight, value.values()))
    return 64 + (sum(map(weight, value)) if isinstance(value, (list, tuple)) else 0)


def through_the_wire(value: Any) -> Any:
    """What the judge reads of it; raises `BadFrame` for what no process can send."""
    if weight(value) > 2 * wire.LARGEST_BODY:
        raise wire.BadFrame
    try:
        frame = wire.encode(value)
        wire.lengths(frame[: wire.HEADER_SIZE])
        return wire.decode(frame)
    except (TypeError, ValueError):
        raise wire.BadFrame from None


def structures() -> Iterator[type[msgspec.Struct]]:
    """Every structure that an answer may have."""
    for found in pkgutil.iter_modules(observed.__path__):
        module = importlib.import_module(f"{observed.__name__}.{found.name}")
        for _, one in inspect.getmembers(module, inspect.isclass):
            if issubclass(one, msgspec.Struct) and one.__module__ == module.__name__:
                yield one


REPLIES = (Failure, *structures())


def fitting(kind: Any, rng: random.Random) -> Any:
    """A value of the type that a field has, or, rarely, of another; lists are sometimes longer than any may be."""
    if rng.random() < 0.02:
        return anything(rng)
    arguments = get_args(kind)
    if get_origin(kind) is Annotated:
        return fitting(arguments[0], rng)
    if get_origin(kind) is list:
        some = [fitting(arguments[0], rng) for _ in range(rng.randrange(3))]
        if rng.random() < 0.02:
            many = rng.choice([300, MOST_ENTRIES, MOST_ENTRIES + 1])
            return some[:1] * min(many, 2 + wire.LARGEST_TEXT // weight(some))
        return some
    if inspect.isclass(kind) and issubclass(kind, msgspec.Struct):
        return {one.encode_name: fitting(one.type, rng) for one in msgspec.structs.fields(kind)}
    if kind is np.ndarray:
        return array(rng)
    return rng.choice([one for one in (*NUMBERS, *WORDS) if type(one) is kind])


@given(seeds, st.binary(max_size=40))
@fuzz(400)
def test_a_damaged_frame_is_a_value_or_a_bad_frame(seed: int, noise: bytes):
    rng = random.Random(seed)
    frame = bytearray(wire.encode({"observation": {"a": array(rng), "b": [array(rng), "text", 1.5]}}))
    for _ in range(rng.randrange(4)):
        place = rng.randrange(len(frame))
        frame[place : place + rng.randrange(4)] = noise[: rng.randrange(len(noise) + 1)]
    if rng.random() < 0.5 and len(frame) > wire.HEADER_SIZE:  # lengths that are true, as `receive` sees to
        text = rng.randrange(len(frame) - wire.HEADER_SIZE + 1)
        frame[: wire.HEADER_SIZE] = struct.pack("!II", text, len(frame) - wire.HEADER_SIZE - text)
    if len(frame) >= wire.HEADER_SIZE:
        try:
            assert isinstance(wire.decode(bytes(frame)), dict)
        except wire.BadFrame:
            return


def texts(value: Any) -> Iterator[str]:
    """Every text in an observation."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from texts(getattr(value, name))
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from texts(one)


def counts(value: Any) -> Iterator[int]:
    """The length of every list in an observation."""
    if isinstance(value, msgspec.Struct):
        value = [getattr(value, name) for name in value.__struct_fields__]
    if isinstance(value, (list, tuple)):
        yield len(value)
        for one in value:
            yield from counts(one)


@given(seeds, st.text(max_size=200) | st.text("ab\u202e\ue000 \x1b", max_size=300))
@fuzz(200)
def test_a_text_enters_short_and_printable(seed: int, text: str):
    try:
        value = through_the_wire({"kind": text, "message": text, "exception": text, "file": text, "question": text})
        entered = [*texts(parse(Failure, value))]
        parameter = {"name": text, "shape": [1], "identity": 1, "trainable": True}
        names = [*texts(parse(networks.Parameter, through_the_wire(parameter)))]
    except (wire.BadFrame, BadReply):
        return
    assert all(is_printable(one) for text_ in (*entered, *names) for one in text_)
    assert all(len(one) <= LONGEST_MESSAGE for one in entered)
    assert all(len(one) <= LONGEST_NAME for one in names)


@given(st.text(min_size=1, max_size=120), st.text(min_size=1, max_size=120))
@fuzz(200)
def test_names_that_differ_differ_when_they_are_cut(one: str, other: str):
    one, other = ("x" * 90 + "".join(name.split()) for name in (one, other))
    assert (distrusted(one) == distrusted(other)) == (one == other)


@given(seeds)
@fuzz(300)
def test_any_value_is_an_observation_or_a_bad_reply(seed: int):
    rng = random.Random(seed)
    expected = rng.choice(REPLIES)
    names = [field.encode_name for field in msgspec.structs.fields(expected)]
    try:
        value = through_the_wire({name: anything(rng) for name in names if rng.random() < 0.95})
        assert isinstance(parse(expected, value), expected)
    except (wire.BadFrame, BadReply):
        return


@pytest.mark.parametrize("expected", REPLIES, ids=lambda one: f"{one.__module__.rpartition('.')[2]} {one.__name__}")
def test_texts_and_counts_of_every_structure_are_bounded(expected: type[msgspec.Struct]):
    @given(seeds)
    @fuzz(12)
    def enter(seed: int) -> None:
        try:
            entered = parse(expected, through_the_wire(fitting(expected, random.Random(seed))))
        except (wire.BadFrame, BadReply):
            return
        longest = LONGEST_MESSAGE if expected is Failure else LONGEST_NAME
        assert all(len(text) <= longest and all(map(is_printable, text)) for text in texts(entered))
        assert all(count <= MOST_ENTRIES for count in counts(entered))

    enter()


class Bending:
    """A transport that answers as the reference does, but for small lies."""

    known: ClassVar[dict[str, Any]] = {}
    folder = tempfile.TemporaryDirectory()
    reference = InProcess(with_everything(Path(folder.name)), vocabulary.perform)

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.interrupted: dict[str, Failure] = {}
        self.remarks: dict[str, list[str]] = {}

    def observe(self, module: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any] | Failure:
        """The reference's answer, altered in up to three places."""
        key = f"{module} {operation} {_key(arguments)}"
        if key not in self.known:
            self.known[key] = self.reference.observe(module, operation, arguments)
        answer = self.known[key]
        assert not isinstance(answer, Failure) or answer.kind == "raised", "there is nothing to bend"
        for _ in range(self.rng.randrange(4)):
            answer = altered(answer, self.rng)
        try:
            return through_the_wire(answer)
        except wire.BadFrame:
            return Failure("crashed", "garbled")


def checks() -> Iterator[Callable[..., None]]:
    """Every check of both suites that looks at the submission."""
    for path in sorted(ROOT.glob("tests/*/test_*.py")):
        module = importlib.import_module(f"tests.{path.parent.name}.{path.stem}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_") and "submission" in inspect.signature(function).parameters:
                yield function


def ended_with(check: Callable[..., None], seed: int) -> tuple[Exception | None, Advice | None]:
    """The exception that ends a check of a lying submission, if any, and the advice it gives, if any."""
    submission = Submission(Bending(random.Random(seed)))
    try:
        check(submission=submission)
    except Exception as error:
        return error, None
    return None, submission.advice


@pytest.mark.parametrize("check", list(checks()), ids=lambda check: check.__name__.removeprefix("test_"))
def test_a_check_of_lies_ends_in_a_verdict(check: Callable[..., None]):
    @given(seeds)
    @fuzz(15)
    def judge(seed: int) -> None:
        error, advice = ended_with(check, seed)
        outcome, staff = judged(error, [], advice)
        assert not staff, staff
        assert 0 <= outcome.credit <= 1
        wire.encode(dataclasses.asdict(outcome))

    judge()


# --- what may be handed in ---

NAMES = (
    *(
        "hw5_gan.py",
        "model.ckpt",
        "hw5_gan.py/model.ckpt",
        "hw5_diffusion.py",
        "me/hw5_gan.py",
        "hw5_gan.py/inner.py",
        "../up.py",
        "/root.py",
        "a\\b.py",
    ),
    *(
        "C:\\x.py",
        "x" * 300 + ".py",
        "d/" * 200 + "x.py",
        "é\U0001f600.py",
        "nul\0.py",
        ".py",
        "notes.txt",
        "n.ipynb",
        "",
    ),
)
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


TAR_KINDS = (tarfile.REGTYPE, tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE,
             tarfile.DIRTYPE, tarfile.GNUTYPE_SPARSE, tarfile.XHDTYPE, tarfile.GNUTYPE_LONGNAME)  # fmt: skip
OTHER_KINDS = (b"Rar!\x1a\x07\x00", b"7z\xbc\xaf\x27\x1c", b"\x28\xb5\x2f\xfd", b"\x1f\x8b", b"BZh9", b"\xfd7zXZ\x00")


def archive(rng: random.Random) -> bytearray:
    """An archive of any kind that is opened, with entries of every kind, or the beginning of one that is not."""
    kind = rng.randrange(10)
    if kind < 5:
        return _zip(rng)
    if kind < 9:
        return _tar(rng)
    return bytearray(rng.choice(OTHER_KINDS) + rng.randbytes(rng.randrange(600)))


def _tar(rng: random.Random) -> bytearray:
    """A tar, compressed in any way."""
    content = io.BytesIO()
    form = rng.choice([tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
    with tarfile.open(fileobj=content, mode=rng.choice(["w:", "w:gz", "w:bz2", "w:xz"]), format=form) as target:
        for _ in range(rng.randrange(1, 5)):
            entry = tarfile.TarInfo(rng.choice(NAMES).replace("\0", "") if rng.random() < 0.5 else "hw5_gan.py")
            entry.type, entry.linkname = rng.choice(TAR_KINDS), rng.choice(["/etc/passwd", "hw5_gan.py", ".."])
            data = b"x = 1\ny = x + 2\n" * rng.randrange(20)
            entry.size = len(data) if entry.isreg() or rng.random() < 0.3 else 0
            with suppress(ValueError):  # a name that this form cannot hold
                target.addfile(entry, io.BytesIO(data))
    return bytearray(content.getvalue())


def _zip(rng: random.Random) -> bytearray:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        for _ in range(rng.randrange(1, 5)):
            entry = zipfile.ZipInfo(rng.choice(NAMES) if rng.random() < 0.5 else "hw5_gan.py")
            entry.external_attr = rng.choice([0, 0, stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777, stat.S_IFCHR]) << 16
            entry.extra = bytes(rng.randrange(256) for _ in range(rng.choice([0, 0, 4, 9])))
            target.writestr(entry, b"x = 1\ny = x + 2\n" * rng.randrange(20), rng.choice(METHODS))
    return bytearray(content.getvalue())


@given(seeds, st.binary(max_size=12))
@fuzz(250)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_damaged_archive_stays_in_its_folder(seed: int, noise: bytes):
    rng = random.Random(seed)
    content = archive(rng)
    for _ in range(rng.randrange(4)):
        content[rng.randrange(len(content))] = rng.randrange(256)
    if rng.random() < 0.3:
        place = rng.randrange(len(content))
        content[place : place + rng.randrange(4)] = noise
    with tempfile.TemporaryDirectory() as outer:
        target = Path(outer, "inner")
        target.mkdir()
        assert unpack(io.BytesIO(content), target, archives.WANTED) in list(Unpacked)
        assert [path.name for path in Path(outer).iterdir()] == ["inner"]
        for path in target.rglob("*"):
            assert path.is_dir() or stat.S_ISREG(path.lstat().st_mode)
            kept = selection.is_source(path.name) or selection.is_archive(path.name) or path.suffix == ".ckpt"
            assert path.is_dir() or kept or path.stat().st_size == 0


@given(st.binary(max_size=200) | st.text("#coding:utf-16x\n%!?=abc ({\0é", max_size=200).map(str.encode))
@fuzz(300)
def test_a_source_of_anything_is_left_alone_or_remarked_on(content: bytes):
    read, remarks = sources.readable(content)
    assert remarks or read == content
    if remarks == [NOTEBOOK_LINES]:
        assert read.count(b"\n") == content.count(b"\n")


@given(st.lists(st.text(max_size=40) | st.text("hw5gandiffusion_ -().pytx1", max_size=40), max_size=5), seeds)
@fuzz(300)
def test_any_name_fits_or_does_not(texts: list[str], seed: int):
    names_ = [text.replace("/", "").replace("\0", "") or "x" for text in texts]
    found = [names.Found(Path("/a", name), PurePosixPath(name)) for name in names_]
    assert sorted(names.nearest(found), key=str) == sorted(found, key=str)
    for name in names_:
        assert names.fit(name, "hw5_gan") in (None, names.EXACT, names.SAME, names.WITHIN, names.LAST_WORD)
        names.resembles(name, "hw5_gan")
        assert names.shown(name).isascii()
        for taken_as in names_:
            names.undecorated(name, taken_as, "hw5_gan")


FILES = (
    b"model.ckpt",
    b"test_1.png",
    b"hw5_gan.py",
    b"hw5_diffusion.py",
    b"HW5 GAN.py",
    b"hw5_gan.py.txt",
    b"exampleada_1_2_hw5_gan-1.py",
    b"hw5_utils.py",
    b"config.json",
    b"layers.py",
    b"hw5_gan\xff.py",
    b"a\n.py",
    b"\xf0\x9f.ipynb",
    b"b.py",
    b"d",
)


def fill(folder: bytes, rng: random.Random, depth: int) -> None:
    """Put entries of every kind into a folder."""
    for name in rng.sample(FILES, rng.randrange(len(FILES))):
        path = folder + b"/" + name
        match rng.randrange(7):
            case 0 if depth:
                os.mkdir(path, rng.choice([0o755, 0o755, 0]))
                fill(path, rng, depth - 1)
            case 1:
                os.symlink(rng.choice([b"/etc/passwd", b".", name, b"b.py"]), path)
            case 2:
                os.mkfifo(path)
            case 3 if len(path) < 100:
                socket.socket(socket.AF_UNIX).bind(path)
            case _:
                Path(os.fsdecode(path)).write_bytes(rng.randbytes(rng.randrange(50)))


@given(seeds)
@fuzz(100)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_folder_of_anything_gives_regular_files_and_printable_words(seed: int):
    with tempfile.TemporaryDirectory() as outer:
        handed_in, workplace = Path(outer, "handed_in"), Path(outer, "workplace")
        handed_in.mkdir()
        workplace.mkdir()
        fill(os.fsencode(handed_in), random.Random(seed), 3)
        taken = intake.take(handed_in, workplace / "source", workplace, None)
        copied = [path.lstat().st_mode for path in (workplace / "source").rglob("*")]
        assert all(stat.S_ISREG(mode) or stat.S_ISDIR(mode) for mode in copied)
        "".join([*taken.notes, *taken.problems.values()]).encode()
