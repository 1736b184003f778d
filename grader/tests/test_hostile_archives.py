"""Hostile archives (attack 21) are answered, or are harmless and graded."""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from grader.bench.unpack import MOST_FILES, MOST_FOLDERS, unpack
from grader.messages import Unpacked
from grader.project import REFERENCE
from grader.run import archives, intake
from grader.tests.arena import MODULES, Arena
from grader.tests.handins import zipped
from tests.support.status import NO_FAULT

# One worker for all: they share a listening port and the canaries.
pytestmark = pytest.mark.xdist_group("attacks")

Fill = Callable[[zipfile.ZipFile], None]


def entry(name: str, kind: int = stat.S_IFREG) -> zipfile.ZipInfo:
    """An entry of a kind that `zipfile` itself would not write."""
    info = zipfile.ZipInfo(name)
    info.external_attr = (kind | 0o644) << 16
    return info


def honest(archive: zipfile.ZipFile, below: str = "") -> None:
    """The reference's two files."""
    for module in MODULES:
        archive.write(REFERENCE / module, below + module)


def with_links(archive: zipfile.ZipFile) -> None:
    """Links in the place of the modules, and around them."""
    for module in MODULES:
        archive.writestr(entry(module, stat.S_IFLNK), str(REFERENCE / module))
    archive.writestr(entry("way", stat.S_IFLNK), str(REFERENCE))
    archive.writestr(entry("way/stowaway.py"), "stowaway")


def with_ways_out(archive: zipfile.ZipFile) -> None:
    """Names that lead out of the folder, beside honest files."""
    honest(archive)
    for name in (
        "../stowaway.py",
        "a/../../../stowaway.py",
        "/tmp/stowaway.py",
        "..\\..\\stowaway.py",
        "C:\\stowaway.py",
    ):
        archive.writestr(entry(name), "stowaway")


def with_devices(archive: zipfile.ZipFile) -> None:
    """A pipe, a device and a socket in the place of a module."""
    honest(archive, "homework/")
    for name, kind in (("hw5_gan.py", stat.S_IFIFO), ("hw5_diffusion.py", stat.S_IFCHR), ("x.py", stat.S_IFSOCK)):
        archive.writestr(entry(name, kind), "stowaway")


def with_odd_names(archive: zipfile.ZipFile) -> None:
    """Names that a careless reader of folders trips over."""
    honest(archive)
    for name in (
        "-rf.py",
        "\u202egnp.py",
        "a\nb.py",
        " .py",
        "sämple \U0001f600.py",
        "__init__.py",
        "%s{}.py",
        "nul.py",
    ):
        archive.writestr(entry(name), "print('stowaway')")


def with_backslashes(archive: zipfile.ZipFile) -> None:
    """The separators of another system."""
    honest(archive, "Homework 5\\")


def with_a_bomb(archive: zipfile.ZipFile) -> None:
    """A thousand times larger when unpacked."""
    for name in (*MODULES, "a.py", "b.py"):
        archive.writestr(name, bytes(40 * 2**20))


def with_many_files(archive: zipfile.ZipFile) -> None:
    """More files than any homework has."""
    honest(archive)
    for number in range(10_000):
        archive.writestr(f"{number}.py", "")


def with_a_zip(archive: zipfile.ZipFile) -> None:
    """The homework in a zip of its own."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as inside:
        honest(inside)
    archive.writestr("homework.zip", inner.getvalue())


def with_itself_again(archive: zipfile.ZipFile) -> None:
    """The homework in the last of more zips in zips than are opened, each with others beside it."""
    content = zipped({name: (REFERENCE / name).read_bytes() for name in MODULES})
    for number in range(6):
        content = zipped({f"{number}.zip": content, f"{number}-empty.zip": zipped({})})
    archive.writestr("homework.zip", content)


def encrypted(content: bytes) -> bytes:
    """The archive with the mark of encryption on every entry."""
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = content.find(signature)
        while place >= 0:
            content = content[: place + offset] + b"\x01" + content[place + offset + 1 :]
            place = content.find(signature, place + 4)
    return content


MISSING = "is not among the submitted files"
UNREADABLE = "is not a zip archive that can be opened"
LARGE = "The archive is too large"


@pytest.mark.parametrize(
    ("fill", "change", "share", "says"),
    [
        pytest.param(with_links, bytes, 0, MISSING, id="links"),
        pytest.param(with_ways_out, bytes, 1, "", id="ways out"),
        pytest.param(with_devices, bytes, 1, "", id="devices"),
        pytest.param(with_odd_names, bytes, 1, "", id="odd names"),
        pytest.param(with_backslashes, bytes, 1, "", id="backslashes"),
        pytest.param(with_a_bomb, bytes, 0, LARGE, id="bomb"),
        pytest.param(with_many_files, bytes, 1, "", id="10,000 files"),
        pytest.param(with_a_zip, bytes, 1, "", id="zip in a zip"),
        pytest.param(with_itself_again, bytes, 0, MISSING, id="zips in zips without end"),
        pytest.param(honest, encrypted, 0, "is locked with a password", id="encrypted"),
        pytest.param(honest, lambda content: content[: len(content) // 2], 0, UNREADABLE, id="truncated"),
        pytest.param(honest, lambda content: content[:-1000] + bytes(1000), 0, UNREADABLE, id="no directory"),
        pytest.param(
            honest, lambda content: content.replace(b"import torch", b"import t0rch"), 0, UNREADABLE, id="sums"
        ),
        pytest.param(honest, lambda content: b"#!/bin/sh\n" + content, 1, "", id="bytes before it"),
        pytest.param(lambda archive: None, bytes, 0, MISSING, id="empty"),
    ],
)
def test_a_hostile_archive_is_answered_or_harmless(
    arena: Arena, tmp_path: Path, fill: Fill, change: Callable[[bytes], bytes], share: float, says: str
):
    handed_in = tmp_path / "homework.zip"
    with zipfile.ZipFile(
        handed_in, "w", zipfile.ZIP_STORED if change is not bytes else zipfile.ZIP_DEFLATED
    ) as archive:
        fill(archive)
    handed_in.write_bytes(change(handed_in.read_bytes()))
    results, document = arena.grade(handed_in, tmp_path / "out")
    assert results.staff == []
    assert document["score"] == share * results.possible
    assert all(says in one.output for name, one in results.outcomes.items() if one.status not in NO_FAULT)


def test_an_archive_of_deep_folders_makes_none(tmp_path: Path):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for number in range(20):
            archive.writestr(f"{number}/" + "d/" * 300 + "x.py", b"")
        archive.writestr("me/hw5_gan.py", b"x = 1")
    content.seek(0)
    unpack(content, tmp_path, archives.WANTED)
    assert len(list(tmp_path.rglob("*"))) <= 4
    assert (tmp_path / "me" / "hw5_gan.py").read_bytes() == b"x = 1"


def packed(names: list[str]) -> io.BytesIO:
    """A zip of files with these names, and the reference's two."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"x = 1\n")
        honest(archive, "homework/")
    content.seek(0)
    return content


def test_an_archive_makes_so_many_files_and_folders_and_the_homework_among_them(tmp_path: Path):
    one = "/".join("abcdefghijklm")
    assert unpack(packed([f"{k}/{one}/x.py" for k in range(1000)]), tmp_path, archives.WANTED) == Unpacked.DONE
    made = list(tmp_path.rglob("*"))
    assert sum(path.is_dir() for path in made) <= MOST_FOLDERS
    assert sum(path.is_file() for path in made) <= MOST_FILES
    assert (tmp_path / "homework" / "hw5_gan.py").stat().st_size > 1000


@pytest.mark.parametrize(
    "beside",
    [
        pytest.param(".venv/lib/m{}.py", id="environment"),
        pytest.param("homework/.git/objects/{}", id="repository"),
        pytest.param("mine/lib/m{}.py", id="environment of any name"),
        pytest.param("data/{}.png", id="pictures"),
        pytest.param("homework/a{}.txt", id="texts"),
    ],
)
def test_homework_is_found_beside_more_files_than_are_taken(tmp_path: Path, beside: str):
    names = ["mine/pyvenv.cfg", *(beside.format(k) for k in range(10_500))]
    assert unpack(packed(names), tmp_path, archives.WANTED) == Unpacked.DONE
    found = intake.listing(tmp_path, PurePosixPath(), intake.Intake())
    assert {"homework/hw5_gan.py", "homework/hw5_diffusion.py"} <= {str(one.known_as) for one in found}
    assert not any(one.name.startswith("m") for one in found)


@pytest.mark.parametrize("above", ["/home/ada/", "../", "a/../../b/"])
def test_paths_that_lead_out_of_an_archive_end_in_it(tmp_path: Path, above: str):
    (tmp_path / "inside").mkdir()
    assert unpack(packed([f"{above}layers.py"]), tmp_path / "inside", archives.WANTED) == Unpacked.DONE
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]
    assert len(list((tmp_path / "inside").rglob("layers.py"))) == 1


def member(name: str, kind: bytes = tarfile.REGTYPE, **fields: object) -> tarfile.TarInfo:
    """An entry of a tar, of any kind."""
    info = tarfile.TarInfo(name)
    info.type = kind
    for field, value in fields.items():
        setattr(info, field, value)
    return info


def hostile_tar(archive: tarfile.TarFile) -> None:
    """Ways out, links out and devices in the place of the modules, and a sparse file that claims to be huge."""
    for name in ("../stowaway.py", "/tmp/stowaway.py", "a/../../stowaway.py", "..\\stowaway.py"):
        archive.addfile(member(name, size=8), io.BytesIO(b"stowaway"))
    for module in MODULES:
        archive.addfile(member(module, tarfile.SYMTYPE, linkname=str(REFERENCE / module)))
        archive.addfile(member(f"hard/{module}", tarfile.LNKTYPE, linkname=str(REFERENCE / module)))
        archive.addfile(member(f"pipe/{module}", tarfile.FIFOTYPE))
        archive.addfile(member(f"device/{module}", tarfile.CHRTYPE, devmajor=1, devminor=5))
    archive.addfile(member("way", tarfile.SYMTYPE, linkname="/tmp"))
    archive.addfile(member("way/stowaway.py", size=8), io.BytesIO(b"stowaway"))


def honest_tar(archive: tarfile.TarFile) -> None:
    """The reference's two files, after much that is none of the homework."""
    archive.addfile(member("data/images.bin", size=80 * 2**20), io.BytesIO(bytes(80 * 2**20)))
    hostile_tar(archive)
    for module in MODULES:
        archive.add(REFERENCE / module, f"homework/{module}")


def bomb_of_sources(archive: tarfile.TarFile) -> None:
    """A thousand times larger when unpacked."""
    for name in (*MODULES, "a.py", "b.py"):
        archive.addfile(member(name, size=40 * 2**20), io.BytesIO(bytes(40 * 2**20)))


def header_bomb(archive: tarfile.TarFile) -> None:
    """A header that must be read whole, of more bytes than a homework has."""
    archive.addfile(member("././@PaxHeader", tarfile.XHDTYPE, size=70 * 2**20), io.BytesIO(bytes(70 * 2**20)))
    honest_tar(archive)


@pytest.mark.parametrize(
    ("fill", "share", "says"),
    [
        pytest.param(hostile_tar, 0, MISSING, id="links, devices and ways out"),
        pytest.param(honest_tar, 1, "", id="those beside honest files"),
        pytest.param(bomb_of_sources, 0, LARGE, id="bomb"),
        pytest.param(header_bomb, 0, LARGE, id="bomb in a header"),
    ],
)
def test_a_hostile_tar_is_answered_or_harmless(
    arena: Arena, tmp_path: Path, fill: Callable[[tarfile.TarFile], None], share: float, says: str
):
    folder = tmp_path / "handed in"
    folder.mkdir()
    with tarfile.open(folder / "homework.tgz", "w:gz", compresslevel=1) as archive:
        fill(archive)
    results, document = arena.grade(folder, tmp_path / "out")
    assert results.staff == []
    assert document["score"] == share * results.possible
    assert all(says in one.output for name, one in results.outcomes.items() if one.status not in NO_FAULT)
