"""Which file is taken for a module, by names as browsers, editors and platforms write them."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

import pytest

from grader.run import names
from grader.run.names import EXACT, LAST_WORD, SAME, WITHIN, Found

FITS = {
    EXACT: ["hw5_gan.py"],
    SAME: [
        *("HW5_GAN.PY", "hw5-gan.py", "hw5gan.py", "hw5_gan.pyw", "hw5_gan.txt", "hw5_gan.py.txt", "hw5_gan.py.py"),
        *("hw5_gan (1).py", "hw5_gan[2].py", "hw5_gan_v2.py", "hw5_gan_123.py", "hw5_gan~.py", "hw5\u200b_gan.py"),
        *("hw5_gan - Copy.py", "hw5_gan copy 3.py", "hw5_gan 副本.py", "Copy of hw5_gan.py", "kopie von hw5_gan.py"),
        "copie (2) de hw5_gan.py",
    ],
    WITHIN: ["my_hw5_gan_final.py", "ada_340934_208_hw5_gan-1.py", "hw5_gan_1234.py", "hw5_gan_latest.py"],
    LAST_WORD: ["gan.py", "my gan.py", "Ünï_gan.py", "gan2.py"],
    None: [
        *("hw5_gan", "hw5_gan.ipynb", ".hw5_gan.py", "organ.py", "test_hw5_gan.py", "hw5_gan_tests.py", "gan.txt"),
        *("hw5_gan_old.txt", "x_hw5_gan.txt", "hw5_gan.python", "hw5_diffusion.py", "gans.py"),
    ],
}


@pytest.mark.parametrize(("name", "fit"), [(name, fit) for fit, of in FITS.items() for name in of])
def test_how_well_a_name_fits(name: str, fit: int | None):
    assert names.fit(name, "hw5_gan") == fit


def test_any_visible_file_with_the_last_word_resembles_a_module():
    alike = ["hw5_gan.ipynb", "GAN.pdf", "organ.py", "g\u200ban.txt", "gan"]
    assert [names.resembles(one, "hw5_gan") for one in alike] == [True] * 5
    assert [names.resembles(one, "hw5_gan") for one in (".gan.py", "hw5.py", "ga_n.py")] == [False] * 3


@pytest.mark.parametrize(
    ("name", "taken_as", "plain"),
    [
        ("hw5_utils.py", "hw5_gan.py", "hw5_utils.py"),
        ("ada_1_2_layers-1.py", "ada_1_3_hw5_gan.py", "layers.py"),
        ("ada_77_88_layers (2).py", "ada_1_3_hw5_gan.py", "layers.py"),
        ("x_layers.py", "x_hw5_GAN.py", "layers.py"),
        ("bob_1_2_layers.py", "ada_1_3_hw5_gan.py", "bob_1_2_layers.py"),
        ("ada_x_2_layers.py", "ada_1_3_hw5_gan.py", "ada_x_2_layers.py"),
        ("a.b_layers.py", "a.b_hw5_gan.py", "layers.py"),
        ("acb_layers.py", "a.b_hw5_gan.py", "acb_layers.py"),
        ("l-1234.py", "hw5_gan-1.py", "l-1234.py"),
        ("l-123.py", "other.py", "l.py"),
        ("ada_1_3_hw5_gan-1.py", "ada_1_3_hw5_gan-1.py", "ada_1_3_hw5_gan-1.py"),
    ],
)
def test_a_platform_s_additions_are_taken_from_what_lies_beside(name: str, taken_as: str, plain: str):
    assert names.undecorated(name, taken_as, "hw5_gan") == plain


def test_of_several_versions_the_nearest_and_then_the_last_by_name_counts():
    known = [
        "a/g2.py",
        "a/g10.py",
        "g (9).py",
        "g (10).py",
        "old/g99.py",
        "b/g1.py",
        "G_backup.py",
        "goldfish.py",
        "a/b/z.py",
    ]
    found = names.nearest([Found(Path("/x") / one, PurePosixPath(one)) for one in known])
    assert [str(one.known_as) for one in found] == [
        *("goldfish.py", "g (10).py", "g (9).py", "G_backup.py"),
        *("b/g1.py", "a/g10.py", "a/g2.py", "old/g99.py", "a/b/z.py"),
    ]
    assert (found[0].name, found[0].depth, found[-1].depth) == ("goldfish.py", 1, 3)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("x" * 60, repr("x" * 60)), ("a" + "x" * 60, repr("..." + "x" * 60)), ("é\n'", '"\\xe9\\n\'"')],
)
def test_a_name_is_shown_in_quotes_and_cut_from_its_beginning(name: str, shown: str):
    assert names.shown(PurePosixPath(name)) == names.shown(name) == shown


def test_a_name_made_to_be_slow_is_looked_at_a_few_times_and_never_with_long_runs(monkeypatch: pytest.MonkeyPatch):
    class Marks:
        """Counts what is looked for, and the longest run of signs in it."""

        looks, longest = 0, 0

        def search(self, text: str) -> re.Match[str] | None:
            self.looks += 1
            self.longest = max([self.longest, *map(len, re.findall(r"[\s_.~-]+", text))])
            return own.search(text)

    own, marks = names._COPY_MARK, Marks()
    monkeypatch.setattr(names, "_COPY_MARK", marks)
    assert names.fit("_" * 100 + "gan" + " -" * 20 + "_1" * 55 + ".py", "hw5_gan") == names.LAST_WORD
    assert marks.looks <= names._MOST_MARKS
    assert marks.longest <= 2
