"""Where the project's parts are on disk."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUITES = ROOT / "tests"
REFERENCE = ROOT / "reference"
TEMPLATE = ROOT / "student_template"
EXAMPLES = ROOT / "examples"
KNOWN = ROOT / "grader" / "tests"
"""Submissions whose result is known: `mutants/`, `styles/` and `attacks/` in it."""
