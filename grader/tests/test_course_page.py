"""The class page allows its own lines of script and nothing else, and shows what students have chosen as text."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import stat
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import msgspec

from grader.course import outcome, page
from grader.course.entries import Entry, Person
from grader.course.gradebook import Line, write
from grader.tests.a_worker import outcome as made
from grader.tests.test_course_tables import ADA, BOB, CHECK, MISTAKE, ROWS, line

HOSTILE = "<script>alert(1)</script>"
POLICY = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]+)"')


class Page(HTMLParser):
    """What is on a page: its tags with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        self.text += f" {data.strip()}"

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def shown(lines: list[Line], complete: bool = True) -> str:
    return page.class_page("The title", lines, ROWS, [f"a remark {HOSTILE}"], complete)


def a_class() -> list[Line]:
    return [
        line("a", 1.0, ADA, Person(HOSTILE, "7"), said=MISTAKE.format("the mean over the coordinates.")),
        line("b", 0.5, BOB, said=f"Yours:          {HOSTILE} 1.5", remarks=[HOSTILE]),
        line("c", 0.5, said=f"Yours:          {HOSTILE} 1.5"),
        Line(Entry("d", "d", None), None, "Its folder is empty."),
    ]


def test_the_policy_allows_the_page_s_own_style_and_script_and_nothing_else():
    text = shown(a_class())
    policy = POLICY.search(text)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; style-src 'sha256-")
    for tag in ("style", "script"):
        contents = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert len(contents) == 1
        digest = base64.b64encode(hashlib.sha256(contents[0].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy[1]
    assert "unsafe" not in policy[1]
    read = Page(text)
    for _, attributes in read.tags:
        assert not any(name == "style" or name.startswith("on") for name in attributes)
        assert not (attributes.get("href") or attributes.get("src") or "").startswith(("http", "//", "javascript"))


def test_what_students_have_chosen_is_text():
    text = shown(a_class())
    assert text.count("<script>") == 1
    assert HOSTILE in Page(text).text


def test_a_named_mistake_stands_with_its_count_and_who_made_it_and_a_nameless_one_with_its_like():
    read = Page(shown(a_class()))
    assert "1 of 3: the mean over the coordinates." in read.text
    assert "2 submissions: " in read.text
    assert {one["href"] for one in read.all("a")} >= {"staff/a.html", "staff/b.html", "#points"}
    assert "Its folder is empty." in read.text
    assert all(f" {one.entry.key} " in read.text for one in a_class())  # what a remark calls another row
    assert "Not finished." not in read.text
    assert "Not finished." in Page(shown(a_class(), complete=False)).text


def test_every_picture_has_its_numbers_in_words_and_every_field_a_label():
    text = shown(a_class())
    read = Page(text)
    assert read.all("svg")
    assert all(one.get("role") == "img" and one.get("aria-label") for one in read.all("svg"))
    assert len(read.all("input")) == 1
    assert re.search(r"<label>[^<]+<input", text)
    headers = re.search(r'<table id="rows">\s*<thead>(.*?)</thead>', text, re.DOTALL)
    assert headers is not None
    assert len(re.findall(r'<th scope="col"', headers[1])) == len(re.findall(r'<button type="button">', headers[1]))


def test_the_first_row_to_look_at_is_a_link_and_every_link_leads_somewhere():
    read = Page(shown(a_class()))
    places = {f"#{attributes['id']}" for _, attributes in read.tags if attributes.get("id")}
    links = [one["href"] or "" for one in read.all("a")]
    assert "#of-b" in links
    assert {one for one in links if one.startswith("#")} <= places
    assert "#of-" not in shown([line("a")])


def test_the_files_are_for_their_owner_alone_and_one_zip_holds_them(tmp_path: Path):
    lines = a_class()
    write(tmp_path, lines, ROWS, complete=True)
    for one in lines[:3]:
        page.write_student(tmp_path, one)
    page.write(tmp_path, "The title", lines, ROWS, [], complete=True)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    with zipfile.ZipFile(tmp_path / page.ARCHIVE) as archive:
        inside = set(archive.namelist())
    assert {str(path.relative_to(tmp_path)) for path in files} - inside == {page.ARCHIVE}
    assert {"students/a.html", "staff/a.html"} <= set(inside)
    assert not any("/d." in name for name in inside)
    assert json.loads((tmp_path / "results" / "b.json").read_text())["score"] == 10


def test_what_is_not_in_force_for_one_is_told_of_the_class():
    one = line("a")
    assert one.outcome is not None
    weak = Line(one.entry, msgspec.structs.replace(outcome.read(made(1.0)), in_force=[], missing=["no wall"]))
    read = Page(shown([one, weak]))
    assert "Not in force for at least one: no wall." in read.text
    assert CHECK.title in read.text
