"""What runner, judge and bench say to each other: orders to a server, and events over a connection.

    runner -> unpacker       UnpackOrder  as an argument of its command; it answers by its exit code, `Unpacked`
    runner -> bench server   HostOrder    with two descriptors: the host's connection, and where it prints
    bench server -> runner   Ready once, then Forked for each order
    host -> runner           Confined, then Imported
    runner -> host           CheckOrder   with the connection of the check's process
    runner -> check          Observe, as the judge has said it; Over after its check, answered by Settled
    runner -> judge server   JudgeOrder   with the judge's connection
    judge -> runner          Begin, Observe (relayed to the bench as it is), Judged, End

Orders are JSON beside descriptors; everything else is a frame of `grader.wire`.
"""

from __future__ import annotations

import dataclasses
import enum
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
import numpy as np

from grader import wire
from tests.support.status import Picture, Status


class Wanted(msgspec.Struct, frozen=True):
    """A kind of file that is taken beside the sources, as in `assignment.Artifact`."""

    pattern: str
    largest: int
    latest: int


class UnpackOrder(msgspec.Struct):
    """Unpack an archive of this name into `folder` as this user: the sources, and what else is wanted.

    Of a whole class, `table` is the file beside the submissions that says whose they are.
    """

    folder: str
    user: int | None
    wanted: tuple[Wanted, ...]
    name: str
    table: str = ""


class Unpacked(enum.IntEnum):
    """What came of an archive: the exit code of the unpacker."""

    DONE = 0
    NO_ARCHIVE = 3
    ENCRYPTED = 4
    TOO_LARGE = 5
    RAR = 6
    SEVEN_ZIP = 7
    ANOTHER_KIND = 8


class HostOrder(msgspec.Struct):
    """Start the process of one of the student's modules: where its files are, where it writes, as which user.

    `defines` are the names that it must define, `helpers` those of the course's helper module, `room` the bytes that it
    may write, where its files are kept in memory, `patience` the seconds after which its import is interrupted.
    """

    module: str
    defines: tuple[str, ...]
    helpers: tuple[str, ...]
    folder: str
    scratch: str
    user: int | None
    room: int
    patience: float


class CheckOrder(msgspec.Struct):
    """Start a process for one check, which writes into `scratch`."""

    scratch: str


class JudgeOrder(msgspec.Struct):
    """Judge one submission by these checks, in this order; `seed` shifts every random number."""

    seed: int
    checks: list[str]


class Ready(msgspec.Struct):
    """The bench has imported everything; `reachable` is whether another user can reach the interpreter."""

    reachable: bool


class Forked(msgspec.Struct):
    """The process id of the host that was ordered."""

    pid: int


class Confined(msgspec.Struct):
    """The protections under which a host runs, what is open without the others, and whether its files are in memory."""

    in_force: list[str]
    missing: list[str]
    own_room: bool


class Imported(msgspec.Struct):
    """The import of the student's module has ended, well or not."""

    imported: bool


class Over(msgspec.Struct, tag="over", tag_field="event"):
    """The check is over: may the next one run in the same process?"""


class Settled(msgspec.Struct):
    """Whether a check has left its process as it found it."""

    unchanged: bool


@dataclass
class Outcome:
    """What became of one check: its status, the share of its points earned, the text for the student.

    Advice may have measures for the leaderboard and pictures; `html` shows text and pictures once these are drawn.
    """

    status: Status = Status.PENDING
    credit: float = 0.0
    output: str = "This check has not been judged yet."
    seconds: float = 0.0
    measures: dict[str, float] = field(default_factory=dict)
    pictures: tuple[Picture, ...] = ()
    html: str = ""

    @property
    def text(self) -> str:
        """The output, and in words what the pictures show."""
        return "\n\n".join([self.output, *(f"Picture: {one.alt}" for one in self.pictures)])


class Begin(msgspec.Struct, tag="begin", tag_field="event"):
    """A check begins."""

    check: str


class Observe(msgspec.Struct, tag="observe", tag_field="event"):
    """One observation of the vocabulary is asked for."""

    module: str
    operation: str
    arguments: dict[str, Any]


class Asked(msgspec.Struct, tag="observe", tag_field="event"):
    """What a relay reads of an `Observe`: its address."""

    module: str
    operation: str


class Judged(msgspec.Struct, tag="judged", tag_field="event"):
    """A check has its outcome; `staff` is a traceback of the grader, or empty."""

    check: str
    outcome: Outcome
    staff: str


class End(msgspec.Struct, tag="end", tag_field="event"):
    """No check is left; `code` is how the judge ended."""

    code: int


Event = Begin | Observe | Judged | End
Request = Observe | Over
Message = TypeVar("Message")


def encode(message: msgspec.Struct) -> bytes:
    """A message as a frame."""
    return wire.encode(_plain(message))


def decode(frame: bytes, expected: type[Message]) -> Message:
    """The message of a frame; raises `wire.BadFrame` for any other."""
    try:
        return msgspec.convert(wire.decode(frame), expected, dec_hook=_array)
    except (msgspec.ValidationError, ValueError) as error:
        raise wire.BadFrame(f"not a {expected}: {error}") from None


def decode_event(frame: bytes) -> Event:
    """The judge's event; raises `wire.BadFrame` for anything else."""
    return decode(frame, Event)  # type: ignore[arg-type]  # a union is no type


def decode_to_relay(frame: bytes) -> Begin | Asked | Judged | End:
    """The judge's event without what it asks for; raises `wire.BadFrame` for anything else."""
    try:
        return msgspec.json.decode(wire.text_of(frame), type=Asked)
    except msgspec.DecodeError:
        return decode(frame, Begin | Judged | End)  # type: ignore[arg-type]  # a union is no type


def decode_request(frame: bytes) -> Request:
    """What a check's process is asked; raises `wire.BadFrame` for anything else."""
    return decode(frame, Request)  # type: ignore[arg-type]  # a union is no type


def _plain(message: msgspec.Struct) -> dict[str, Any]:
    fields = {
        name: dataclasses.asdict(value) if dataclasses.is_dataclass(value) and not isinstance(value, type) else value
        for name, value in msgspec.structs.asdict(message).items()
    }
    config = message.__struct_config__
    return {config.tag_field: config.tag, **fields} if config.tag_field else fields


def _array(expected: type, value: object) -> object:
    if expected is np.ndarray and isinstance(value, np.ndarray):
        return value
    raise ValueError(f"expected an array, got {type(value).__name__}")
