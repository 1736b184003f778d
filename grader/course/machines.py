"""A class on several machines, through a Dask scheduler: the same call, with the submission's files in it.

An open scheduler runs anybody's code, so that only an encrypted one is asked, or one of this machine. A submission may
be graded twice when its worker is lost, which changes nothing; one that ends every worker has no outcome, and a reason.
"""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import msgspec

from grader.course.bench import Bench, GradeOne, NotGraded, Task
from grader.errors import CourseError
from grader.run import intake, protection

LOOPBACK = ("127.0.0.1", "::1", "localhost")
FIRST_SLOT = 100
RESOURCE = "bench"
"""What a Dask worker declares for each submission that it may grade at once: `--resources "bench=1"`."""
LARGEST_SUBMISSION = 200 * 2**20


class Packed(msgspec.Struct):
    """A submission with its files by name; an archive or a single file is the only one, and `single` says so."""

    entry: str
    seed: int
    files: dict[str, bytes]
    single: bool


def pack(task: Task) -> bytes:
    """A task as bytes: the regular files that could be graded; raises `NotGraded` for more than is ever graded."""
    single = task.place.is_file()
    found = [] if single else intake.listing(task.place, PurePosixPath(), intake.Intake())
    listed = [task.place] if single else [file.path for file in found]
    files: dict[str, bytes] = {}
    size = 0
    for path in listed:
        name = path.name if single else str(path.relative_to(task.place))
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                files[name] = file.read(LARGEST_SUBMISSION + 1)
                size += len(files[name])
        if size > LARGEST_SUBMISSION:
            raise NotGraded(f"It has more than {LARGEST_SUBMISSION // 2**20} MB: too large to be sent.")
    return msgspec.msgpack.encode(Packed(task.entry, task.seed, files, single))


def grade_packed(packed: bytes) -> bytes:
    """On a worker: write the files where nobody else looks, grade them, and remove them; raises `NotGraded`."""
    if weakness := protection.refusal():
        raise NotGraded(" ".join(weakness.split()))
    one = msgspec.msgpack.decode(packed, type=Packed)
    folder = Path(tempfile.mkdtemp(prefix="submission-"))
    try:
        for name, content in one.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return _bench()(Task(one.entry, "", next(folder.iterdir()) if one.single else folder, one.seed))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_own = threading.local()


def _bench() -> Bench:
    """This thread's bench, which ends with the process: a worker with many resources grades in as many threads."""
    if not hasattr(_own, "bench"):
        records = Path(tempfile.mkdtemp(prefix="class-records-"))
        _own.bench = Bench(records, FIRST_SLOT + threading.get_native_id() % 200)
        atexit.register(shutil.rmtree, records, ignore_errors=True)
        atexit.register(_own.bench.close)
    found: Bench = _own.bench
    return found


def refuse_open(address: str) -> None:
    """Raise `CourseError` for a scheduler that anybody could use."""
    parts = urlsplit(address)
    if parts.scheme == "tls" or (parts.scheme == "tcp" and parts.hostname in LOOPBACK):
        return
    raise CourseError(f"{address} is not encrypted, so that anybody could run code there: use tls://HOST:PORT.")


@contextmanager
def through(address: str, unit: Callable[[bytes], bytes] = grade_packed) -> Iterator[tuple[GradeOne, int]]:
    """What grades one submission somewhere, and how many at once; raises `CourseError` without such a scheduler.

    Certificates of a TLS scheduler come from Dask's own configuration.
    """
    refuse_open(address)
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise CourseError(f"This needs {error.name}: install the dependency group `machines`.") from error
    try:
        client: Any = Client(address, timeout="20s", set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise CourseError(f"The scheduler {address} cannot be reached: {error}") from error
    with client:
        workers = client.scheduler_info(n_workers=-1)["workers"].values()
        places = int(sum(worker.get("resources", {}).get(RESOURCE, 0) for worker in workers))
        if not places:
            raise CourseError(f'No worker of {address} grades: start some with --resources "{RESOURCE}=1".')
        executor = client.get_executor(pure=False, resources={RESOURCE: 1})

        def grade_one(task: Task) -> bytes:
            try:
                return bytes(executor.submit(unit, pack(task)).result())
            except NotGraded:
                raise
            except Exception as error:
                raise NotGraded(f"{type(error).__name__}: its worker was lost, again and again.") from error

        yield grade_one, places
