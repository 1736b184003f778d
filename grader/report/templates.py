"""The environment in which every page is rendered."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2


@cache  # a class has a page for each student, and a template is compiled once for all of them
def environment(folder: Path) -> jinja2.Environment:
    """Templates of a folder; everything put into them is escaped, and a name that is not given is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
