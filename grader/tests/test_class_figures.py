"""What a class's numbers say: its figures, who goes up or down with a new grader, and who is alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from grader.course import figures, gradebook, late, outcome, page, regrade, similar
from grader.course.entries import Attempt, Entry, Person
from grader.course.figures import Bin
from grader.course.gradebook import Line
from grader.course.journal import Check
from grader.course.outcome import Graded, Judgement
from grader.errors import CourseError
from grader.tests import three_handins as three
from grader.tests.test_class_of_three import printed, recorded
from grader.tests.three_handins import ADA, ADVICE, BOB, ESSAY, EVE, LOSS, NAMELESS, NOISE, ROWS, WRONG_SIGN


def test_the_figures_of_the_class_are_these():
    lines = three.a_class()
    assert figures.totals(lines, ROWS) == [2.166]
    found = {one.row.name: (one.judged, one.passed, one.statuses) for one in figures.checks(lines, ROWS)}
    assert found == {"loss": (1, 0, {"failed": 1}), "noise": (2, 1, {"failed": 1}), "advice": (1, 1, {})}
    assert figures.protections(lines) == (["a wall"], ["Landlock"])
    assert figures.protections([]) == ([], [])
    assert figures.attempts(lines, ROWS) == [("2 versions", 1)]


def test_the_parts_of_the_scale_begin_where_the_one_before_ends():
    assert figures.distribution([0.0, 0.5, 0.999, 1.0, 2.0, -1.0, 7.0], 2.0, 4) == [
        Bin(0.0, 0.5, 2), Bin(0.5, 1.0, 2), Bin(1.0, 1.5, 1), Bin(1.5, 2.0, 2)
    ]  # fmt: skip
    assert figures.distribution([], 0.0, 2) == [Bin(0.0, 1.0, 0), Bin(1.0, 2.0, 0)]
    assert [one.count for one in figures.distribution([0.3, 0.6, 0.7], 1.0, 10)] == [0, 0, 0, 1, 0, 0, 1, 1, 0, 0]
    assert len(figures.distribution([], 20)) == 20


@pytest.mark.parametrize(
    ("possible", "width", "count"),
    [(20, 1, 20), (17.5, 1, 18), (3.5, 0.2, 18), (25, 2, 13), (100, 5, 20), (0.3, 0.02, 15), (1, 0.05, 20)],
)
def test_the_parts_of_the_scale_begin_at_round_numbers(possible: float, width: float, count: int):
    parts = figures.distribution([possible, possible - 1e-4, 0], possible)
    assert [one.low for one in parts] == [round(k * width, 3) for k in range(count)]
    assert [one.high for one in parts] == [*(one.low for one in parts[1:]), possible]
    assert (parts[0].count, parts[-1].count) == (1, 2)


@pytest.mark.parametrize(("part", "value"), [(0.0, 1.0), (0.49, 2.0), (0.5, 3.0), (0.75, 4.0), (1.0, 4.0)])
def test_a_quantile_is_a_value_of_somebody(part: float, value: float):
    assert figures.quantile([1.0, 2.0, 3.0, 4.0], part) == value
    assert figures.quantile([], part) == 0.0


def nameless(key: str, said: str, status: str = "failed") -> Line:
    return Line(Entry(key, key, Path(key)), Graded({NOISE.name: Judgement(status, 0.0, said)}, "{}"))


def test_failures_belong_together_by_words_and_by_numbers_that_are_nearly_the_same():
    told = {
        "a": "Yours: it is 1,000.0 at 2e-3.\nSo",
        "b": "Yours: it is   1019 at 2e-3.\nSo",
        "c": "Yours: it is 1041 at 2e-3.\nSo",
        "d": "Yours: it is -1000 at 2e-3.\nSo",
        "e": "Yours: it was 1000 at 2e-3.\nSo",
        "f": "Yours: it was 1000 at 2e-3.\nSo",
        "g": "Yours: it is 0 at 0.002.\nSo",
    }
    lines = [nameless(key, said) for key, said in told.items()]
    others = [nameless("h", told["a"], "passed"), nameless("i", told["a"], "timed out"), nameless("j", WRONG_SIGN)]
    found = figures.clusters([*lines, *others, Line(Entry("k", "k", None), None)], ROWS)
    assert [("".join(line.entry.key for line in one.who), one.pattern, one.numbers) for one in found] == [
        ("ab", "it is # at #. So", (1000.0, 0.002)),
        ("ef", "it was # at #. So", (1000.0, 0.002)),
    ]
    assert found[0].example == "it is 1,000.0 at 2e-3.\nSo"


def test_of_a_long_message_its_beginning_counts_and_of_many_clusters_the_largest():
    long = "x " * (figures.LONGEST_EXAMPLE // 2)
    assert len(figures.clusters([nameless("a", long + "one"), nameless("b", long + "other")], ROWS)) == 1
    assert figures.clusters([nameless("a", long[1:] + "1"), nameless("b", long[1:] + "7")], ROWS) == []
    many = [nameless(f"{k}{who}", f"{'abc'[k % 3] * (k + 1)}") for k in range(41) for who in "xy"]
    found = figures.clusters([*many, nameless("z", "a")], ROWS)
    assert (len(found), len(found[0].who), found[1].pattern) == (40, 3, "a" * 4)


def test_several_mistakes_of_one_check_stand_by_how_many_made_them():
    def named(key: str, *said: str) -> Line:
        return nameless(key, "\n".join(f"Likely mistake: {one}" for one in said))

    lines = [named("a", "Seldom.", "Seldom."), named("b", "Often.", "Apart."), named("c", "Often.")]
    found = figures.checks(lines, ROWS)
    assert [(one.said, len(one.who)) for one in found[0].mistakes] == [("Often.", 2), ("Apart.", 1), ("Seldom.", 1)]
    assert figures.mistakes("Likely mistake:\n   It  is so.\nLook at: x") == ["It is so."]
    common = page._common(figures.checks([*lines, replace(lines[1])], ROWS))
    assert [(one.said, len(one.who), check.row.name) for one, check in common] == [
        ("Often.", 2, "noise"), ("Apart.", 1, "noise"), ("Seldom.", 1, "noise")
    ]  # fmt: skip


def test_a_mistake_of_two_checks_counts_once_for_each_person():
    both = {one.name: Judgement("failed", 0.0, WRONG_SIGN) for one in (LOSS, NOISE)}
    lines = [Line(Entry("a", "a", Path("a")), Graded(both, "{}")), nameless("b", WRONG_SIGN)]
    common = page._common(figures.checks(lines, ROWS))
    assert [(one.said, [line.entry.key for line in one.who], check.row.name) for one, check in common] == [
        ("The sign is wrong.", ["a", "b"], "noise")
    ]


def test_versions_are_counted_for_those_who_have_some():
    def tried(*points: float | None) -> Line:
        return Line(Entry("a", "a", None, attempts=tuple(Attempt("", one) for one in points)), None)

    without = [tried(), tried(None, None)]
    assert figures.attempts([tried(None, 3.5), tried(3.5), tried(3.4, None), *without, tried(1, 2, 9)], ROWS) == [
        ("1 version", 1), ("2 versions", 1), ("3 versions", 1), ("never yet", 1)
    ]  # fmt: skip
    assert figures.attempts([tried(3.5), tried()], ROWS) == []


def test_points_stay_within_what_a_check_is_worth():
    credits = {"a": 1.7, "b": -0.5, "c": 0.12345}
    points = [Line(Entry(key, key, Path()), Graded({LOSS.name: Judgement("failed", one, "")}, "")).points(LOSS)
              for key, one in credits.items()]  # fmt: skip
    assert points == [2.0, 0.0, 0.247]
    line = three.a_class()[0]
    assert (line.points(ESSAY), line.points(ADVICE)) == (None, 0.0)
    assert three.a_class()[2].points(LOSS) is None


@pytest.mark.parametrize(
    ("failed", "status", "whose"),
    [([], "passed", False), (["x"], "passed", True), ([], "grader error", True)],
)
def test_whose_points_are_missing(failed: list[str], status: str, whose: bool):
    graded = Graded(
        {LOSS.name: Judgement("passed", 1.0, ""), NOISE.name: Judgement(status, 1.0, "")}, "{}", failed=failed
    )
    assert graded.by_the_grader is whose
    assert Line(Entry("a", "a", None), graded).of_the_grader is (status == "grader error")


def test_an_outcome_is_read_as_it_was_written_and_its_document_can_be_left_out():
    line = three.a_class()[0]
    assert line.outcome is not None
    again = outcome.read(msgspec.json.encode(line.outcome))
    assert again == line.outcome
    assert again.results()["tests"][0]["output"] == "pair"
    assert again.without_document() == msgspec.structs.replace(line.outcome, document="")
    with pytest.raises(CourseError, match="an outcome cannot be read"):
        outcome.read(b"{}")


@pytest.mark.parametrize(
    ("told", "hours"),
    [("0:00:00", 0.0), ("1:30:36", 1.51), (" 100:00:00 ", 100.0), ("12345:00:00", 12345.0), ("123456:00:00", 0.0),
     ("late", 0.0), ("", 0.0), ("1:2:3", 0.0)],
)  # fmt: skip
def test_lateness_is_read_in_hours(told: str, hours: float):
    assert late.hours(told) == pytest.approx(hours)
    assert late.remaining(3.0, told) is None


def test_a_policy_takes_off_what_it_says_to_a_thousandth(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(late, "POLICY", lambda points, hours: points - hours / 7)
    assert late.remaining(3.0, "1:00:00") == 2.857
    assert gradebook.header(ROWS)[5:8] == ["Total", "Possible", "After lateness"]
    lines = three.a_class()
    assert [gradebook.cells(line, ROWS, [])[7] for line in lines] == [round(2.166 - 26.5 / 7, 3), None, None]


def test_rows_that_nobody_has_and_that_have_no_points_are_left_out():
    other = three.row("other", "6", 0.0)
    assert gradebook.relevant([*ROWS, other], three.a_class()) == ROWS
    assert gradebook.relevant([*ROWS, other], []) == [LOSS, NOISE, ESSAY]


@pytest.mark.parametrize(
    ("statuses", "there"),
    [
        ([("not implemented", "not implemented")] * 2, False),
        ([("not implemented", "not implemented"), ("not implemented", "failed")], True),
        ([("blocked", "not implemented")], True),
        ([], False),
    ],
)
def test_the_self_checks_of_a_file_that_nobody_has_begun_are_left_out(statuses: list[tuple[str, str]], there: bool):
    checks = [replace(three.row(name, "1", 0.0), module="optional", self_check=True) for name in ("one", "two")]
    lines = [
        Line(Entry("a", "a", Path()), Graded({row.name: Judgement(status, 0.0, "") for row, status in
                                             zip([*checks, LOSS], [*told, "not implemented"], strict=True)}, ""))
        for told in statuses
    ]  # fmt: skip
    assert gradebook.relevant([LOSS, *checks], lines) == [LOSS, *(checks if there else [])]


def test_an_import_that_did_not_end_is_a_remark_for_the_staff():
    checks = {
        "loss": Judgement(
            "passed", 1.0, "While hw5_gan.py was imported: Your code raised ValueError: its\x1b own\nSo."
        ),
        "noise": Judgement("failed", 0.0, "Yours: 1\n\nWhile hw5_diffusion.py was imported: " + "x" * 500),
        "other": Judgement("failed", 0.0, "While hw5_gan.py was imported: again\n  While x.py was imported: no"),
    }
    remarks = Line(Entry("a", "a", Path()), Graded(checks, "", notes=["A note."])).remarks
    assert remarks[:2] == [
        "A note.", "hw5_gan.py: while it was imported: Your code raised ValueError: its? own"
    ]  # fmt: skip
    assert len(remarks) == 3
    assert remarks[2].startswith("hw5_diffusion.py: while it was imported: xxx")
    assert len(remarks[2]) < outcome.LONGEST_REASON + 60


def before(**credits: float) -> bytes:
    return msgspec.json.encode(
        Graded({name: Judgement("failed", one, WRONG_SIGN) for name, one in credits.items()}, "")
    )


def now(key: str, person: Person, **told: Judgement) -> Line:
    return Line(Entry(key, key, Path(key), (person,)), Graded(dict(told), ""))


def test_a_regrade_says_this():
    lines = [
        now("a", ADA, loss=Judgement("passed", 1.0, ""), noise=Judgement("failed", 0.5, WRONG_SIGN)),
        now("b", BOB, loss=Judgement("timed out", 0.0, "Slow."), noise=Judgement("failed", 0.0, WRONG_SIGN)),
        now("c", EVE, loss=Judgement("failed", 0.5, WRONG_SIGN), noise=Judgement("failed", 0.5, WRONG_SIGN)),
        now("d", EVE, loss=Judgement("grader error", 0.5, "")),
        now("e", EVE, loss=Judgement("passed", 1.0, "")),
    ]
    old = {key: before(loss=0.5, noise=0.5) for key in "abc"} | {"d": before(loss=0.5)}
    found = regrade.changes(lines, old, ROWS)
    assert [(one.entry.key, one.before, one.after, one.difference) for one in found] == [
        ("b", 1.75, 0.0, -1.75), ("d", 1.0, None, -1.0), ("a", 1.75, 2.75, 1.0)
    ]  # fmt: skip
    console = recorded()
    regrade.tell(console, found, 5)
    assert printed(console) == (
        "1 go up, 2 go down, 2 keep their points.\n"
        "-1.75  b (Bob): 1.75 to 0\n"
        "      4.1 loss: 1 to 0 (timed out)\n"
        "      4.2 noise: 0.75 to 0 (The sign is wrong.)\n"
        "-1  d (Eve): 1 to none\n"
        "+1  a (Ada Ä): 1.75 to 2.75\n"
        "      4.1 loss: 1 to 2 (no longer: The sign is wrong.)\n"
        "2 by 4.1 loss\n"
        "1 by 4.2 noise\n"
    )


def test_a_regrade_sees_other_points_and_a_check_that_is_gone():
    rows = [replace(row, points=3.0) if row.name == "loss" else row for row in ROWS]
    former = regrade.as_they_were(rows, [*(Check(one.name, one.number, one.points, "") for one in ROWS),
                                         Check("old", "4.9", 2.0, "")])  # fmt: skip
    assert former[: len(ROWS)] == ROWS
    (found,) = regrade.changes(
        [now("a", ADA, loss=Judgement("failed", 0.5, ""))], {"a": before(loss=0.5, old=1.0)}, rows, former
    )
    assert (found.before, found.after) == (3.0, 1.5)
    assert found.reasons == ("4.1 loss: 1 to 1.5 (failed)", "4.9 old: 2 to none (no longer: The sign is wrong.)")
    assert regrade.as_they_were(rows, []) == rows
    assert regrade.same([Check("loss", "4.1", 2.0, "x"), Check("noise", "4.2", 1.5, "x")],
                        [Check("loss", "4.2", 9.0, "x"), Check("noise", "4.2", 1.5, "y"), Check("new", "5", 1, "x")]
                        ) == {"loss"}  # fmt: skip


def test_a_reason_is_cut_where_it_is_too_long():
    long = now("a", ADA, loss=Judgement("failed", 0.0, "Likely mistake: " + "x" * 300))
    (found,) = regrade.changes([long], {"a": before(loss=0.5)}, ROWS)
    assert len(found.reasons[0]) <= regrade.LONGEST_REASON + 2
    assert found.reasons[0].startswith("4.1 loss: 1 to 0 (xxx")


def test_a_mistake_is_rare_when_two_have_made_it_or_three_in_a_hundred():
    def lines(n: int, alike: int) -> list[Line]:
        return [
            nameless(f"s{k}", WRONG_SIGN if k < alike else "Fine.", "failed" if k < alike else "passed")
            for k in range(n)
        ]

    said = {"4.2 The sign is wrong."}
    assert similar.rare_mistakes(lines(10, 2), ROWS) == {"s0": said, "s1": said}
    assert similar.rare_mistakes(lines(10, 3), ROWS) == {}
    assert set(similar.rare_mistakes(lines(100, 3), ROWS)) == {"s0", "s1", "s2"}
    assert similar.rare_mistakes(lines(99, 3), ROWS) == {}
    same = [nameless(key, NAMELESS) for key in "ab"]
    assert similar.rare_mistakes(same, ROWS) == {key: {"4.2 the mean is #. Expected: #."} for key in "ab"}


def test_pairs_have_pieces_of_their_own_and_are_not_one_person_s():
    def handed(key: str, pieces: range, *people: Person) -> tuple[Line, set[int]]:
        return Line(Entry(key, key, Path(key), people), None), set(pieces)

    few = similar.LEAST_OWN - 1
    own = [
        handed("a", range(200), ADA), handed("b", range(100), BOB), handed("c", range(few)),
        *(handed(f"o{k}", range(1000 * (k + 1), 1000 * (k + 1) + 100)) for k in range(6)),
    ]  # fmt: skip
    found = similar.compare(own, {})
    assert (found.submissions, found.median, found.limit) == (8, 0.0, similar.LEAST)
    assert [(one.one.entry.key, one.other.entry.key, one.share, one.surplus, one.mistakes) for one in found.pairs] == [
        ("a", "b", 1.0, 1.0, ())
    ]
    shared = [handed("a", range(100), ADA, BOB), handed("b", range(100), BOB)]
    assert similar.compare(shared, {}) == similar.Compared(2)
    assert similar.compare([], {}) == similar.Compared(0)
    assert similar.LEAST == 0.15


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        ([], "0 submissions; none with enough code of their own to be compared: there is no pair."),
        ([range(99)] * 3, "3 submissions; none with enough code of their own to be compared: there is no pair."),
        ([range(100), range(5)], "2 submissions; 1 with enough code of their own to be compared: there is no pair."),
        (
            [range(100)] * 3,
            "3 submissions; 3 with enough code of their own to be compared; two of them share 100% of it at the "
            "median. The class is so much alike that no pair can stand out.",
        ),
        (
            [range(100), range(50, 150)],
            "2 submissions; 2 with enough code of their own to be compared; two of them share 50% of it at the median.",
        ),
    ],
)
def test_what_comparing_can_tell_is_said(pieces: list[range], said: str):
    own = [(Line(Entry(str(k), str(k), Path(str(k))), None), set(one)) for k, one in enumerate(pieces)]
    assert similar.in_a_line(similar.compare(own, {}), len(own)) == said
