"""Gradescope's export is read piece by piece: what each spelling of a key, a scalar and a nesting means."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.course import export
from grader.course.entries import MOST_NAMED, Attempt, Entry, Person, flag_repeated, fresh_key, text
from grader.course.export import DEEPEST, Damaged, stretches


def nested(levels: int, inside: str) -> str:
    """A text within so many lists."""
    return "[" * levels + inside + "]" * levels


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("a: 1\nb: 2\n", [("a", "1"), ("b", "2")]),
        (":a:\n  :b: c\n", [("a", {"b": "c"})]),
        ("a: {b: x, b: y}\n", [("a", {"b": "x"})]),
        ("# said: before\n---\na: 1\n...\n%TAG\n- b\n  c\n", [("a", "1")]),
        ("'a b': 1\n\"c: d\": 2\n", [("a b", "1"), ("c: d", "2")]),
        ("a: {? [b] : c}\n", [("a", {"": "c"})]),
        ("a: {results: {b: [c]}, d: e}\n", [("a", {"d": "e"})]),
        ("a:\n  results:\n  - {b: [c, d]}\n  - f\n  d: e\n", [("a", {"d": "e"})]),
        ("a: {results: f, d: e}\n", [("a", {"d": "e"})]),
        ("a: {b: &x [c], d: *x, e: *y}\n", [("a", {"b": ["c"], "d": ["c"], "e": ""})]),
        ("a: {b: &x c, d: {e: *x}}\n", [("a", {"b": "c", "d": {"e": "c"}})]),
        ("a: [~, null, '~', 'null', Null, 007, yes, 1.50, '']\n",
         [("a", ["", "", "~", "null", "Null", "007", "yes", "1.50", ""])]),
        ("a: |\n  one\n  two\n", [("a", "one\ntwo\n")]),
        ("a: >-\n  null\n", [("a", "null")]),
        ("a: !ruby/object:Foo {b: c}\n", [("a", {"b": "c"})]),
        ("a: !ruby/sym null\n", [("a", "null")]),
        ("a: !binary |\n  QmrDtnJu\n", [("a", "Bj\u00f6rn")]),
        ("a: !binary '/w=='\n", [("a", "\ufffd")]),
        ("a: !binary x\n", [("a", "x")]),
        ("a: b\0c\x07d\ufffe\n", [("a", "b?c?d?")]),
        ("a: x\ud800\n", [("a", "x?")]),
        ("a\n", [("a", Damaged("it is no mapping"))]),
        ("[a]\n", [("[a]", Damaged("it is no mapping"))]),
        ("", []),
    ],
)  # fmt: skip
def test_what_a_stretch_says(content: str, found: list[tuple[str, object]]):
    assert list(stretches(content)) == found


@pytest.mark.parametrize(
    ("content", "key", "line"),
    [
        ("x: 1\n'a b': [\ny: 2\n", "a b", 3),
        ('x: 1\n"a": "open\ny: 2\n', "a", 3),
        ("x: 1\na : {b: c: d}\ny: 2\n", "a", 2),
        ("x: 1\n:a: {b: c: d}\ny: 2\n", "a", 2),
        ("x: 1\na: [b:\n c]: d: [\ny: 2\n", "a", 3),
    ],
)
def test_a_damaged_stretch_is_told_by_its_key_and_its_line(content: str, key: str, line: int):
    (first, one), (name, damaged), (last, two) = stretches(content)
    assert (first, one, last, two) == ("x", "1", "y", "2")
    assert isinstance(damaged, Damaged)
    assert name == key
    assert damaged.why.startswith(f"line {line}: ")
    assert len(damaged.why) > len("line 3: ")


def test_what_ruby_writes_once_is_known_wherever_it_is_named_again():
    """An anchor holds for the whole file, also one in results, which are passed over."""
    content = (
        "a:\n  submitters: &1\n  - sid: &2 '07'\n  results: {output: &3 x, tests: [&4 y, z]}\n"
        "b:\n  submitters: *1\nc: [*2, *3, *4]\nd:\n  results: &5 w\ne: *5\n"
    )
    people = [{"sid": "07"}]
    assert list(stretches(content)) == [
        ("a", {"submitters": people}), ("b", {"submitters": people}), ("c", ["07", "x", "y"]), ("d", {}), ("e", "w")
    ]  # fmt: skip


def test_who_stands_before_the_damage_is_known(tmp_path: Path):
    history = f"  :score: 20.0\n  :history:\n  - {nested(1200, '')}\n"
    found, _ = entries(
        tmp_path,
        f"submission_1:\n  :submitters:\n  - :sid: 7\n  :created_at: now\n{history}"
        "submission_2:\n  :submitters:\n  - :sid: 8\n  - :sid: [\n"
        "submission_3:\n  :submitters: [{sid: 9}]\n  :score: ]\n",
        "submission_1", "submission_2", "submission_3",
    )  # fmt: skip
    first, second, third = (found[f"submission_{k}"] for k in (1, 2, 3))
    assert (first.people, first.submitted, first.attempts) == ((Person("", "7"),), "now", ())
    assert first.remarks == [
        "submission_metadata.yml: submission_1 cannot be read to its end (line 7: exceeded maximum nesting depth)."
    ]
    assert second.people == ()  # half of a group would pass for the whole
    assert "nobody is known to have handed it in" in second.remarks[0]
    assert third.people == (Person("", "9"),)
    assert "cannot be read to its end (line 14: " in third.remarks[0]


def test_lists_are_read_to_a_depth_and_passed_over_beyond_it():
    ((_, found),) = stretches(f"a: {nested(DEEPEST - 1, 'x')}\n")
    for _ in range(DEEPEST - 1):
        assert isinstance(found, list)
        (found,) = found
    assert found == "x"
    (_, found), (_, after) = stretches(f"a: {nested(DEEPEST + 3, 'x')}\nb: 1\n")
    for _ in range(DEEPEST - 1):
        assert isinstance(found, list)
        (found,) = found
    assert (found, after) == ("", "1")


def test_keys_are_as_deep_as_what_they_hold():
    inner = f"{{? {nested(DEEPEST - 3, '')} : v, k: w}}"
    assert list(stretches(f"a: [{inner}]\n")) == [("a", [{"": "v", "k": "w"}])]
    deep = "{b: " * (DEEPEST - 1) + "x" + "}" * (DEEPEST - 1)
    ((_, found),) = stretches(f"a: {deep}\n")
    for _ in range(DEEPEST - 1):
        assert isinstance(found, dict)
        found = found["b"]
    assert found == "x"
    ((_, found),) = stretches(f"a: {{c: {deep}, d: y}}\n")
    assert isinstance(found, dict)
    assert found["d"] == "y"
    assert "x" not in str(found)


def entries(tmp_path: Path, metadata: str, *folders: str) -> tuple[dict[str, Entry], list[str]]:
    for name in folders:
        (tmp_path / name).mkdir()
        (tmp_path / name / "hw5_gan.py").touch()
    (tmp_path / export.METADATA).write_text(metadata, encoding="utf-8")
    course = export.read(tmp_path)
    assert course.layout == "Gradescope's export"
    return {entry.name: entry for entry in course.entries}, course.remarks


def test_people_are_read_from_every_form(tmp_path: Path):
    found, remarks = entries(
        tmp_path,
        "submission_1:\n  :submitters: Ada\n"
        "submission_2:\n  :submitters: {name: Bob, sid: '02', email: b@x}\n"
        "submission_3:\n  :submitters: [Eve, {name: [Odd], sid: 3}, [4], {}]\n"
        "submission_4:\n  created_at: [x]\n"
        "submission_5: x\n"
        f"submission_6:\n  :submitters: [{', '.join(f'{{sid: s{k}}}' for k in range(55))}]\n"
        "submission_7: [\n"
        "other: {created_at: now, score: -1.25}\n"
        "bad\u202e: [\n"
        "bad\u202ebut whole: {a: b}\n",
        *(f"submission_{k}" for k in range(1, 8)), "other",
    )  # fmt: skip
    assert found["submission_1"].people == (Person("Ada"),)
    assert found["submission_2"].people == (Person("Bob", "02", "b@x"),)
    assert found["submission_3"].people == (Person("Eve"), Person("", "3"))
    assert found["submission_3"].remarks == ["No student id and no address: Eve."]
    assert found["submission_4"].remarks == ["submission_metadata.yml names nobody who has handed it in."]
    assert found["submission_4"].submitted == ""
    whose = "nobody is known to have handed it in."
    assert found["submission_5"].remarks == [
        f"submission_metadata.yml: submission_5 cannot be read (it is no mapping): {whose}"
    ]
    assert [person.sid for person in found["submission_6"].people] == [f"s{k}" for k in range(export.MOST_PEOPLE)]
    assert (
        found["submission_7"].remarks[0].startswith("submission_metadata.yml: submission_7 cannot be read (line 13: ")
    )
    assert found["other"].submitted == "now"
    assert found["other"].attempts == (Attempt("now", -1.25),)
    assert remarks[0].startswith("submission_metadata.yml: bad? cannot be read (line 15: ")
    assert remarks[1:] == ["submission_metadata.yml: bad?but whole is no submission and was passed over."]


@pytest.mark.parametrize(
    ("score", "points"),
    [("3", 3.0), ("'17.5'", 17.5), ("-2", -2.0), ("1234567", None), ("1e3", None), ("~", None), ("[3]", None),
     ("1.", None), (f"1.{'1' * 21}", None), (f"1.{'0' * 20}", 1.0)],
)  # fmt: skip
def test_points_are_a_number_as_the_platform_writes_them(tmp_path: Path, score: str, points: float | None):
    found, _ = entries(tmp_path, f"submission_1: {{created_at: b, score: {score}}}\n", "submission_1")
    assert found["submission_1"].attempts == (Attempt("b", points),)


def test_attempts_stand_in_the_order_of_their_time_and_the_graded_one_last(tmp_path: Path):
    history = "[{created_at: '3', score: 3}, x, {created_at: '1', score: 1}, {score: 7}]"
    found, _ = entries(
        tmp_path,
        f"submission_1: {{history: {history}, created_at: '2', score: 2}}\n"
        "submission_2: {history: x, created_at: '2'}\n",
        "submission_1", "submission_2",
    )  # fmt: skip
    assert found["submission_1"].attempts == (
        Attempt("", 7.0), Attempt("1", 1.0), Attempt("3", 3.0), Attempt("2", 2.0)
    )  # fmt: skip
    assert found["submission_2"].attempts == (Attempt("2", None),)


def test_a_name_that_leads_elsewhere_finds_nothing(tmp_path: Path):
    (tmp_path / "export").mkdir()
    (tmp_path / "hw5_gan.py").touch()
    names = ("..", ".", "../", "/tmp", "a/b")
    found, _ = entries(tmp_path / "export", "".join(f"'{name}': {{created_at: x}}\n" for name in names))
    assert [found[name].place for name in names] == [None] * len(names)
    assert {found[name].reason for name in names} == {"Its folder is not in the download."}
    assert [found[name].key for name in names] == ["submission", "submission-2", "submission-3", "tmp", "a_b"]


def test_a_folder_of_a_mac_s_leavings_is_empty(tmp_path: Path):
    (tmp_path / "a" / "__MACOSX").mkdir(parents=True)
    (tmp_path / "a" / ".DS_Store").touch()
    assert export.look(tmp_path / "a") == (None, "Its folder is empty.")
    (tmp_path / "a" / ".hidden").touch()
    assert export.look(tmp_path / "a") == (tmp_path / "a", "")
    assert export.look(tmp_path / "a" / ".hidden") == (tmp_path / "a" / ".hidden", "")
    assert export.look(tmp_path / "b") == (None, "Its folder is not in the download.")
    assert export.look(tmp_path / ("n" * 300))[1].startswith("Its folder cannot be read (File name too long")


@pytest.mark.parametrize(
    ("metadata", "is_one"),
    [("submission_1:\n", True), ("'submission_1':\n", True), ('a: b\n"submission_1": x\n', True),
     (" submission_1:\n", False), ("submission_2:\n", False), ("submission_1\n", False), ("", False)],
)  # fmt: skip
def test_an_export_names_a_folder_beside_it(tmp_path: Path, metadata: str, is_one: bool):
    (tmp_path / "submission_1").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / export.METADATA).write_text(metadata)
    assert export.find(tmp_path) == (tmp_path if is_one else None)
    outer = tmp_path / "outer"
    outer.mkdir()
    (tmp_path / "submission_1").rename(outer / "submission_1")
    (tmp_path / export.METADATA).rename(outer / export.METADATA)
    assert export.find(tmp_path) == (outer if is_one else None)
    (tmp_path / "another").mkdir()
    assert export.find(tmp_path) is None


def test_a_link_to_metadata_is_none(tmp_path: Path):
    (tmp_path / "class" / "submission_1").mkdir(parents=True)
    (tmp_path / "real.yml").write_text("submission_1:\n")
    (tmp_path / "class" / export.METADATA).symlink_to(tmp_path / "real.yml")
    assert export.find(tmp_path / "class") is None
    assert export.find(tmp_path / "nothing") is None


@pytest.mark.parametrize(
    ("name", "taken", "key"),
    [
        ("a b/c", [], "a_b_c"), ("..-x-._", [], "x"), ("", [], "submission"), ("äöü", [], "submission"),
        ("x" * 81, [], "x" * 80), ("A", ["a"], "A-2"), ("a", ["A", "a-2"], "a-3"), ("a.b-c_d9", [], "a.b-c_d9"),
    ],
)  # fmt: skip
def test_keys_are_plain_and_new(name: str, taken: list[str], key: str):
    assert fresh_key(name, taken) == key


def test_names_are_shown_in_a_line_of_bounded_length():
    assert text("x" * 200).startswith("x" * 100)
    assert len(text("x" * 200)) <= 125
    assert "\n" not in text("a\nb")


def test_people_are_known_by_their_id_else_by_their_address():
    assert Person("A", "7", "A@x").key == "7"
    assert Person("A", "", "A@X").key == "a@x"
    assert (Person("A", "7", "x").shown, Person("", "7", "x").shown, Person("", "7").shown) == ("A", "x", "7")
    assert (Person().shown, Person().key) == ("unknown", "")
    assert Entry("k", "n", None).shown == "k"
    assert Entry("k", "n", None, (Person("A"), Person("B"))).shown == "A and B"


def test_each_of_several_submissions_of_one_person_names_the_others_once():
    handed_in_by = {
        "a": [Person("", "1", "x@y")],
        "b": [Person("", "1", "X@y"), Person("", "2")],
        "c": [Person("", "2")],
        "d": [Person("Same")],
        "e": [Person("Same")],
    }
    same = [Entry(key, key, None, tuple(people)) for key, people in handed_in_by.items()]
    flag_repeated(same)
    assert [one.remarks for one in same] == [
        ["Student id 1 has b as well: people decide which one counts."],
        [
            "Student id 1 has a as well: people decide which one counts.",
            "Student id 2 has c as well: people decide which one counts.",
        ],
        ["Student id 2 has b as well: people decide which one counts."],
        [], [],
    ]  # fmt: skip


def test_of_very_many_submissions_of_one_person_a_few_are_named():
    same = [Entry(str(k), str(k), None, (Person("", "", "A@x" if k % 2 else "a@X"),)) for k in range(300)]
    flag_repeated(same)
    asked = ["1, 2, 3, 4, 5", "0, 1, 2, 3, 4"]
    assert [same[k].remarks for k in (0, 299)] == [
        [f"Address a@x has {named} and 294 more as well: people decide which one counts."] for named in asked
    ]
    few = [Entry(str(k), str(k), None, (Person("", "7"),)) for k in range(MOST_NAMED + 1)]
    flag_repeated(few)
    assert few[2].remarks == ["Student id 7 has 0, 1, 3, 4, 5 as well: people decide which one counts."]
