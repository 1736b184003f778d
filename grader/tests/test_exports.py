"""A class's export is not graded as one submission, and a submission that holds such a file is."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from grader.errors import SubmissionError
from grader.run import exports

A_CLASS = [
    ["submission_metadata.yml", "submission_1/hw5_gan.py"],
    ["a_1_export/submission_metadata.yml", "a_1_export/submission_1/hw5_gan.py"],
    ["a_1_export/submission_metadata.yml", "a_1_export/submission_1/x", "__MACOSX/a_1_export/._x", ".DS_Store"],
]
ONE = [
    ["submission_metadata.yml", "hw5_gan.py"],
    ["hw5_gan.py", "submission_1/x"],
    ["submission_1/hw5_gan.py", "submission_2/x"],
    ["hw5_gan.py", "work/submission_metadata.yml", "work/submission_1/x"],
    ["deep/er/submission_metadata.yml", "deep/er/submission_1/x"],
    ["a/submission_metadata.yml", "b/submission_1/x"],
    ["hw5_gan.py"],
]


def as_folder(place: Path, names: list[str]) -> Path:
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).touch()
    return place


def as_zip(place: Path, names: list[str]) -> Path:
    with zipfile.ZipFile(place, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return place


@pytest.mark.parametrize("packed", [as_folder, as_zip])
@pytest.mark.parametrize("names", A_CLASS)
def test_an_export_is_refused(tmp_path: Path, packed: type, names: list[str]):
    path = packed(tmp_path / "given", names)
    with pytest.raises(SubmissionError, match=r"given is an export of a class \(submission_metadata\.yml\): use SUBM"):
        exports.refuse(path)


@pytest.mark.parametrize(
    ("names", "refused"),
    [
        (["A_1_assignsubmission_file/hw5_gan.py", "B_2_assignsubmission_file/hw5_gan.py"], True),
        (["top/A_1_assignsubmission_file_hw5_gan.py", "top/B_2_assignsubmission_file_hw5_gan.py"], True),
        (["HW_ada_attempt_2026-01-02-03-04-05_a.py", "HW_bob_attempt_2026-01-02-03-04-05_a.py"], True),
        (["A_1_assignsubmission_file_hw5_gan.py", "A_1_assignsubmission_file_hw5_diffusion.py"], False),
        (["HW_ada_attempt_2026-01-02-03-04-05_a.py", "HW_ada_attempt_2026-01-02-03-04-05.txt"], False),
        (["old/A_1_assignsubmission_file/x", "hw5_gan.py", "old/B_2_assignsubmission_file/x"], False),
    ],
)
def test_another_platform_s_download_of_a_class_is_refused(tmp_path: Path, names: list[str], refused: bool):
    path = as_zip(tmp_path / "given", names)
    if refused:
        with pytest.raises(SubmissionError, match=r"given is a download of a class: use SUBMISSIONS=\.$"):
            exports.refuse(path)
    else:
        exports.refuse(path)


@pytest.mark.parametrize("packed", [as_folder, as_zip])
@pytest.mark.parametrize("names", ONE)
def test_one_submission_is_not(tmp_path: Path, packed: type, names: list[str]):
    exports.refuse(packed(tmp_path / "given", names))


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"PK\x01\x02", b"PK" + b"PK\x01\x02" * 40, b"no zip", b"PK\x01\x02\xff" * 9]
)
def test_no_file_makes_it_fail(tmp_path: Path, content: bytes):
    (tmp_path / "given.zip").write_bytes(content)
    exports.refuse(tmp_path / "given.zip")


def test_lengths_that_lie_make_no_byte_count_twice(tmp_path: Path):
    """Each of these entries claims the longest name that is looked at, and holds the next ones."""
    entry = b"PK\x01\x02".ljust(28, b"x") + exports.LONGEST_NAME.to_bytes(2, "little")
    (tmp_path / "given.zip").write_bytes(entry * 1000)
    names = list(exports.in_zip(tmp_path / "given.zip"))
    assert len(names) > 1
    assert sum(map(len, names)) <= 1000 * len(entry)
    (tmp_path / "given.zip").write_bytes(entry.replace(exports.LONGEST_NAME.to_bytes(2, "little"), b"\xff\xff") * 1000)
    assert list(exports.in_zip(tmp_path / "given.zip")) == []


def test_what_lies_in_a_zip_within_a_zip_is_not_at_its_top(tmp_path: Path):
    for name, inside, refused in (("one", A_CLASS[0], False), ("all", ["hw5_gan.py"], True)):
        inner = as_zip(tmp_path / "inner.zip", inside).read_bytes()
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_STORED) as archive:
            for path in A_CLASS[1] if refused else ["work.zip", "hw5_gan.py"]:
                archive.writestr(path, inner + b"x" * 200)
        if refused:
            with pytest.raises(SubmissionError):
                exports.refuse(tmp_path / name)
        else:
            exports.refuse(tmp_path / name)


def test_links_are_not_followed(tmp_path: Path):
    export = as_folder(tmp_path / "class", A_CLASS[0])
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "work").symlink_to(export)
    exports.refuse(tmp_path / "one")


def test_the_end_of_a_large_zip_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = as_zip(tmp_path / "given", [f"submission_1/{k}" for k in range(200)] + A_CLASS[0])
    monkeypatch.setattr(exports, "LARGEST_DIRECTORY", 400)
    with pytest.raises(SubmissionError):
        exports.refuse(path)
