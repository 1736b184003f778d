"""What has been odd in exports, each as an entry of one: what it packs, what the table of submitters says of it, and
what its row of the gradebook must then be.

An entry that wraps a submission earns that submission's points, less those of a file that cannot be read. One of which
nothing can be graded has no points, one of which something was looked at has 0.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from grader.course.export import METADATA

TOP = "assignment_7_export"
OUTSIDE = "escaped_from_the_export.py"
"""A file that members of the zip would write elsewhere."""
DEEP = 1_500
"""Levels of nesting: libyaml ends at 1,000."""
MANY = 10_000
BIDI, DELETE, LATIN = "\u202e", "\x7f", "\udce9"
"""Characters of names: one that turns the reading direction, a control character, and the byte E9 that is no UTF-8."""

Files = dict[str, bytes]


@dataclass(frozen=True)
class Place:
    """Where an entry's files go in the zip."""

    archive: zipfile.ZipFile
    key: str

    def add(self, name: str, content: bytes | str = b"", kind: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
        """Add a member below the entry's folder; what is changed in the result stands so in the zip's directory."""
        member = zipfile.ZipInfo(f"{TOP}/{self.key}/{name}" if name else f"{TOP}/{self.key}")
        member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, kind << 16
        self.archive.writestr(member, content)
        return member

    def add_all(self, files: Files) -> None:
        """Add a submission as it is."""
        for name, content in files.items():
            self.add(name, content)


@dataclass(frozen=True)
class Oddity:
    """One entry: `table` is what the file of submitters says, with KEY for its name, and `pack` writes its folder.

    `cells` are of its row, and `remark` has to stand there. `lost` are modules that cannot be graded, and `points` is
    what it earns where it wraps no submission. `people` is how many have handed it in.
    """

    what: str
    table: str
    pack: Callable[[Place, Files], None] = Place.add_all
    cells: dict[str, str] = field(default_factory=dict)
    remark: str = ""
    lost: tuple[str, ...] = ()
    wraps: bool = True
    points: float | None = None
    people: int = 1


def who(name: str = "Ada Example", sid: str = "'sid of KEY'", email: str = "") -> str:
    """One who has handed in, in the words of the platform; what is given is YAML."""
    known = {"name": name, "sid": sid, "email": email}
    return "  -" + "".join(f"\n    :{key}: {value}" for key, value in known.items() if value) + "\n"


def entry(people: str = who(), more: str = "") -> str:
    """What the table says of one submission."""
    return f"KEY:\n  :submitters:\n{people}  :created_at: 2026-04-16 04:59:58.861687000 Z\n{more}"


def all_oddities() -> list[Oddity]:
    """Every one of them, each on an entry of its own; some stand in pairs."""
    return [*_names(), *_tables(), *_people(), *_folders(), *_unreadable(), *_nothing()]


def beside(archive: zipfile.ZipFile) -> str:
    """Add what strays in the zip beside all submissions; returns what strays in the table."""
    archive.writestr("readme.txt", "Unpack me.")
    archive.writestr(f"__MACOSX/{TOP}/._{METADATA}", "x")
    archive.writestr(f"{TOP}/.DS_Store", "x")
    archive.writestr(f"../{OUTSIDE}", "x")
    return "generated_at: today\nhw5.pdf:\n- page: 1\n:broken: [\n"


BESIDE = (
    "generated_at is no submission",
    "hw5.pdf is no submission",
    "cannot be read (line ",
    f"{OUTSIDE}&#39; has a place outside",
)
"""What the class page must say of that."""


def _names() -> list[Oddity]:
    """Names that would be run, or lead somewhere, where they are shown as they are."""
    shown = {
        '"<script>alert(1)</script>"': "<script>alert(1)</script>",
        '"../x"': "../x",
        '"=cmd()"': "'=cmd()",
        '"+1"': "'+1",
        "-1": "'-1",
        '"@x"': "'@x",
        f"Ada{BIDI}gnp.exe": "Ada?gnp.exe",
        f"Ada{DELETE}B": "Ada?B",
        f"B{LATIN}a": "B\ufffda",
        '"a\\e[31mb\\0"': "a?[31mb?",
        "!binary |-\n      QsOpYQ==": "B\u00e9a",
        "!ruby/object:User {}": "",
    }
    other, formulas = entry(who("No", "0123456")), entry(who(sid="'=1+1'", email="'@x'"))
    return [
        *(Oddity(f"the name {name!a}", entry(who(name)), cells={"Name": cell}) for name, cell in shown.items()),
        Oddity("what YAML takes for a truth value and a number", other, cells={"Name": "No", "SID": "0123456"}),
        Oddity("an id and an address that are formulas", formulas, cells={"SID": "'=1+1", "Email": "'@x"}),
    ]


def _tables() -> list[Oddity]:
    """What the file of submitters says in other ways, or too much of, or that is no YAML."""
    ada = {"Name": "Ada Example"}
    deep = "[" * DEEP + "]" * DEEP
    levels = "".join(f"    l{k}: &KEY{k} [{', '.join([f'*KEY{k - 1}'] * 9)}]\n" for k in range(1, 40))
    bomb = f"  :bomb:\n    l0: &KEY0 [x]\n{levels}"
    all_of_it = f"KEY:\n{bomb}  :submitters: *KEY39\n"
    version = "  - {':id': 1, ':created_at': 2026-04-15 21:00:00 Z, ':score': 3.0, ':results': {score: 3}}\n"
    foreign = "  :extra: !ruby/object:Foo {a: [b]}\n  :assets: {hw5_gan.py: 1}\n"
    colonless = entry().replace("  :", "  ")
    unread = "KEY cannot be read to its end"
    return [
        Oddity("a history nested too deeply", entry(more=f"  :history: {deep}\n"), cells=ada, remark=unread),
        Oddity("results nested too deeply", entry(more=f"  :results: {deep}\n"), cells=ada, remark=unread),
        Oddity("no YAML before anybody is named", 'KEY:\n  :submitters: "open\n', remark="nobody is known", people=0),
        Oddity("a bomb of aliases", entry(more=bomb), cells=ada),
        Oddity("a bomb of aliases as submitters", all_of_it, remark="names nobody", people=0),
        Oddity(f"{MANY:,} earlier versions", entry(more="  :history:\n" + version * MANY), cells=ada),
        Oddity("keys without a colon", colonless, cells=ada),
        Oddity("foreign keys and objects", entry(more=foreign), cells=ada),
        Oddity("an entry that stands twice", entry() + entry(who("Eve")), cells=ada, remark="KEY stands twice"),
        Oddity("a name that a later entry refers to", entry(who("&ada Ada Example")), cells=ada),
        Oddity("a name that refers to an earlier entry", entry(who("*ada")), cells=ada),
    ]  # fmt: skip


def _people() -> list[Oddity]:
    """Several of one, several for one, and nobody."""
    one, other = ("Student id 0777 has submission_", "Address same@example.edu has submission_")
    group = who("Ada Example") + who("Bob Example", "'another sid of KEY'")
    nobody = entry("").replace(":submitters:", ":submitters: []")
    return [
        Oddity("one of two people with one id", entry(who("Ada", "'0777'")), remark=one),
        Oddity("the other of two people with one id", entry(who("Bob", "'0777'")), remark=one),
        Oddity("one of two active submissions", entry(who(sid="", email="same@example.edu")), remark=other),
        Oddity("the other of two active submissions", entry(who(sid="", email="Same@example.edu")), remark=other),
        Oddity("a group of two", entry(group), cells={"Name": "Ada Example; Bob Example"}, people=2),
        Oddity("neither an id nor an address", entry(who(sid="")), remark="No student id and no address: Ada Example."),
        Oddity("an address and no id", entry(who(sid="", email="only@x")), cells={"SID": "", "Email": "only@x"}),
        Oddity("no submitters", nobody, remark="names nobody", people=0),
        Oddity("a folder without an entry", "", remark="has no entry for this folder", people=0),
    ]  # fmt: skip


def _folders() -> list[Oddity]:
    """Members that are packed in other ways, and others beside a submission's own."""

    def without_permissions(place: Place, files: Files) -> None:
        for name, content in files.items():
            place.add(name, content).external_attr = 0

    def forged(place: Place, files: Files) -> None:
        place.add_all(files)
        place.add(METADATA, entry(who("Forged")).replace("KEY", place.key))
        place.add(f"{place.key}/readme.txt")

    def of_a_mac(place: Place, files: Files) -> None:
        for name, content in files.items():
            place.add(name, content)
            place.add(f"__MACOSX/._{name}", b"\0")
            place.add(f"._{name.rpartition('/')[2]}", b"\0")
        place.add(".DS_Store", b"\0")

    def in_a_zip(place: Place, files: Files) -> None:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, content in files.items():
                archive.writestr(name, content)
        place.add("work.zip", packed.getvalue())

    def leading_outside(place: Place, files: Files) -> None:
        place.add_all(files)
        for up in range(1, 9):
            place.add(f"{'../' * up}{OUTSIDE}", b"x")
        place.add(f"..\\..\\{OUTSIDE}", b"x")
        place.archive.writestr(f"/tmp/{OUTSIDE}", b"x")

    def many(place: Place, files: Files) -> None:
        place.add_all(files)
        for number in range(MANY):
            place.add(f"z/{number}.log")

    return [
        Oddity("members without permissions", entry(), without_permissions),
        Oddity("a student's own file of submitters", entry(), forged, cells={"Name": "Ada Example"}),
        Oddity("what a Mac leaves", entry(), of_a_mac),
        Oddity("a zip in the folder", entry(), in_a_zip, remark="'work.zip' was unpacked"),
        Oddity("members that lead outside", entry(), leading_outside, remark=f"'{OUTSIDE}' has a place outside"),
        Oddity(f"{MANY:,} files more than its own", entry(), many, remark=f"more than {MANY} files"),
    ]


def _unreadable() -> list[Oddity]:
    """One module cannot be read: the other is graded, and the row says why."""
    gan, diffusion = "hw5_gan.py", "hw5_diffusion.py"

    def link(place: Place, files: Files) -> None:
        place.add(gan, files[gan])
        place.add(diffusion, f"../submission_0/{diffusion}", stat.S_IFLNK | 0o777)

    def locked(place: Place, files: Files) -> None:
        place.add(gan, files[gan])
        place.add(diffusion, files[diffusion]).flag_bits |= 1

    def spoilt(place: Place, files: Files) -> None:
        place.add(gan, files[gan]).CRC ^= 1
        place.add(diffusion, files[diffusion])

    def device(place: Place, files: Files) -> None:
        place.add(gan, files[gan], stat.S_IFCHR | 0o666)
        place.add(diffusion, files[diffusion])

    no_gan, no_diffusion = ("hw5_gan",), ("hw5_diffusion",)
    return [
        Oddity("a link to a neighbour's file", entry(), link, remark=f"'{diffusion}' is a link", lost=no_diffusion),
        Oddity("a locked member", entry(), locked, remark=f"'{diffusion}' is locked", lost=no_diffusion),
        Oddity("a damaged member", entry(), spoilt, remark=f"'{gan}' is damaged", lost=no_gan),
        Oddity("a member that is a device", entry(), device, remark=f"'{gan}' is neither", lost=no_gan),
    ]


def _nothing() -> list[Oddity]:
    """Nothing can be graded."""

    def all_locked(place: Place, files: Files) -> None:
        for name, content in files.items():
            place.add(name, content).flag_bits |= 1

    def report_only(place: Place, _: Files) -> None:
        place.add("report.pdf", b"%PDF")

    def nothing(_: Place, __: Files) -> None:
        pass

    def of_kind(name: str, kind: int = stat.S_IFREG | 0o644, content: str = "") -> Callable[[Place, Files], None]:
        def pack(place: Place, _: Files) -> None:
            place.add(name, content, kind)

        return pack

    absent, empty, closed = "not in the download", "Its folder is empty.", "Nothing of it could be unpacked."
    packed: Sequence[tuple[str, Callable[[Place, Files], None], str, float | None]] = [
        ("an entry without a folder", nothing, absent, None),
        ("an empty folder", of_kind("/", stat.S_IFDIR | 0o755), empty, None),
        ("a folder with a Mac's leavings alone", of_kind(".DS_Store"), empty, None),
        ("a folder that cannot be read", all_locked, closed, None),
        ("a folder that is a link", of_kind("", stat.S_IFLNK | 0o777, "submission_0"), closed, None),
        ("a file in the place of its folder", of_kind("", content="%PDF"), "is not a zip archive", 0.0),
        ("a report alone", report_only, "hw5_gan.py is not among the submitted files", 0.0),
    ]
    return [
        Oddity(what, entry(who('"=Nobody()"')), pack, {"Name": "'=Nobody()"}, remark, wraps=False, points=points)
        for what, pack, remark, points in packed
    ]
