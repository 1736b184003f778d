"""The pages of a result in a browser: axe finds nothing, nothing is cut off, and the keyboard reaches everything.

Chromium is the system's; where there is none, these tests are skipped.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.course.page import class_page
from grader.report import page
from grader.tests import three_handins as three
from tests.support.status import Status

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.xdist_group("browser")
WIDE, NARROW = {"width": 1200, "height": 900}, {"width": 390, "height": 800}
TABLE = "\n".join(
    f"{k:>4}  conv2d(kernel 3, stride 1, padding 1, output channels {k})  {'the same ' * 9}" for k in range(9)
)
LONG = f"Yours:          {'0.123456789, ' * 60}\nExpected:\n{TABLE}\nLook at:        {'a' * 300}"


def document() -> dict[str, Any]:
    """A result with a row of every status, of a long name, a long text, a table and a picture."""
    tests: list[dict[str, Any]] = []
    for k, status in enumerate(Status):
        scored = {} if status in (Status.ADVICE, Status.BY_HAND) else {"score": k % 2 / 2, "max_score": 1.0}
        facts = {"verdict": str(status), "by_hand": 2.5 if status == Status.BY_HAND else 0}
        name = f"The {'word ' * 14}is here."
        common = {"name": name, "visibility": ("visible", "after_published")[k % 2], "extra_data": facts}
        tests += [{"number": f"4.{1 + k % 6}", "output": LONG, **common, **scored}]
    tests.append({"name": "For the staff: the grader failed", "output": LONG, "visibility": "hidden"})
    image = (
        '<p>Text.</p><figure><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" width="720" alt="Points."></figure>'
    )
    tests[-2] |= {"output": image, "output_format": "html"}
    remarks = {"remarks": ["a remark"], "not_in_force": ["a layer"]}
    return {"score": 3.0, "output": "b" * 400, "visibility": "visible", "extra_data": remarks, "tests": tests}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("There is no Chromium: install the system's package `chromium`.")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is a tool of the developers")
    with sync_api.sync_playwright() as play:
        started = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The page of each reader, on disk."""
    folder = tmp_path_factory.mktemp("pages")
    for reader in page.READERS:
        page.write(folder / f"{reader}.html", document(), reader, "A student with a name", page.MOMENTS[2])
    return {reader: folder / f"{reader}.html" for reader in page.READERS}


@pytest.fixture
def opened(browser: Any, pages: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[Any]:
    reader, scheme, size = request.param
    context = browser.new_context(color_scheme=scheme, viewport=size, bypass_csp=True)  # axe is a script
    tab = context.new_page()
    tab.goto(pages[reader].as_uri())
    yield tab
    context.close()


SEEN = [
    (page.STUDENT, "light", WIDE), (page.STUDENT, "dark", NARROW),
    (page.STAFF, "dark", WIDE), (page.STAFF, "light", NARROW),
]  # fmt: skip


@pytest.mark.parametrize("opened", SEEN, indirect=True, ids=str)
def test_axe_finds_nothing_and_nothing_is_cut_off(opened: Any):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is a tool of the developers")
    opened.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
    found = axe.Axe().run(opened).response["violations"]
    assert [(one["id"], one["impact"], [node["html"] for node in one["nodes"]][:2]) for one in found] == []
    assert opened.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    cut = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.outerHTML)"
    assert opened.eval_on_selector_all("p, h1, h2, h3, article, summary", cut) == []


def test_the_class_page_finds_names_without_their_accents_and_leads_to_the_first_row(browser: Any, tmp_path: Path):
    (tmp_path / "class.html").write_text(class_page("The title", three.a_class(), three.ROWS, [], True), "utf-8")
    tab = browser.new_page(viewport=NARROW)
    tab.goto((tmp_path / "class.html").as_uri())
    for wanted, count in (("ada a", 1), ("ADA Ä", 1), ("Ada A\u0308", 1), ("zoe", 0), ("", 3)):
        tab.fill("#filter", wanted)
        assert tab.inner_text("#shown") == f"{count} shown"
    tab.click("text=rows to look at")
    assert tab.evaluate("document.querySelector(':target').cells[0].textContent") == "Ada Ä and Bob"
    tab.close()


@pytest.mark.parametrize("opened", [(page.STAFF, "light", NARROW)], indirect=True, ids=["narrow"])
def test_the_keyboard_opens_a_question_and_scrolls_a_table(opened: Any):
    """The first question that is not right is open, and so is the staff's own part."""
    count = opened.locator("details").count
    assert count() > opened.locator("details[open]").count() == 2
    opened.locator("details:not([open]) summary").first.focus()
    opened.keyboard.press("Enter")
    assert opened.locator("details[open]").count() == 3
    table = opened.locator("details[open] .scroll").first
    table.focus()
    opened.keyboard.press("ArrowRight")
    opened.wait_for_function("() => document.activeElement.scrollLeft > 0")
