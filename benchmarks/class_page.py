"""The class page of many rows in a real browser: `python -m benchmarks.class_page`, with Debian's Chromium.

Prints the size, and the seconds to load, to sort and to filter, on a desk and on a telephone, in light and dark; then
what axe finds on a page of 30 rows. Screenshots are left in the folder that `--out` names.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

from grader.course import outcome, page
from grader.course.entries import Entry, Person
from grader.course.gradebook import Line
from grader.rubric import read
from grader.tests.a_worker import outcome as made

VIEWS = (("desk, light", 1280, "light"), ("desk, dark", 1280, "dark"), ("phone, dark", 390, "dark"))
SAID = (
    "Yours:          at sigma = 1.31 the variance is {:.3g}.\nExpected:       0.6453.\nLikely mistake: a reading.",
    "Yours:          the mean is {:.4f}.\nExpected:       0.5.",
    "NameError: name 'tourch' is not defined",
)


def a_class(size: int) -> list[Line]:
    """So many made-up students, each with some checks failed."""
    chance, rows, base = random.Random(size), read(), outcome.read(made(1.0))
    lines = []
    for number in range(size):
        name = f"{chance.choice(('Ada', '<script>x</script>', 'Mohammed Abdul-Rahman ibn'))} Example {number}"
        checks = dict(base.checks)
        for row in rows:
            if chance.random() < 0.15:
                text = chance.choice(SAID).format(chance.choice((1.5, 2.25)) * (1 + chance.random() / 100))
                checks[row.name] = outcome.Judgement("failed", chance.choice((0.0, 0.5)), text)
        key = f"submission_{number}"
        people = (Person(name, f"{number:09}"),)
        lines.append(Line(Entry(key, key, Path(key), people), msgspec.structs.replace(base, checks=checks)))
    return lines


def main() -> int:
    """Measure and look; returns 1 when the browser complains or axe finds something."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--out", type=Path, default=Path("out/class_page"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name, size in (("many", options.size), ("few", 30)):
        text = page.class_page("A class", a_class(size), read(), [], complete=True)
        (options.out / f"{name}.html").write_text(text, encoding="utf-8")
        print(f"{size} rows: {len(text) / 2**20:.2f} MB")
    complaints = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.browser, args=["--no-sandbox"])
        for view, width, scheme in VIEWS:
            complaints += look(browser, options.out.resolve(), view, width, scheme)
    return min(1, complaints)


def look(browser: Any, folder: Path, view: str, width: int, scheme: str) -> int:
    """One view of both pages; returns how many complaints there are."""
    tab = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    complaints: list[str] = []
    tab.on("console", lambda message: complaints.append(message.text))
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    seconds = []
    acts: tuple[Callable[[], Any], ...] = (
        lambda: tab.goto((folder / "many.html").as_uri()),
        lambda: tab.evaluate("document.querySelector('#rows th:nth-child(3) button').click()"),
        lambda: tab.fill("#filter", "example 77"),
    )
    for act in acts:
        began = time.perf_counter()
        act()
        seconds.append(time.perf_counter() - began)
    overflow = tab.evaluate("document.documentElement.scrollWidth") - width
    complaints += [f"the page is {overflow} pixels too wide"] if overflow > 0 else []
    tab.screenshot(path=str(folder / f"{view.replace(', ', '_')}.png"))
    tab.goto((folder / "few.html").as_uri())
    found = Axe().run(tab)
    print(f"{view}: load {seconds[0]:.2f} s, sort {seconds[1]:.2f} s, filter {seconds[2]:.2f} s; "
          f"axe finds {found.violations_count}", *complaints)  # fmt: skip
    return len(complaints) + int(found.violations_count)


if __name__ == "__main__":
    sys.exit(main())
