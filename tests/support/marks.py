"""How a check says what it is worth and who sees it: gradescope-utils' own decorators, read by the collector."""

from gradescope_utils.autograder_utils.decorators import number, tags, visibility, weight

__all__ = ["number", "tags", "visibility", "weight"]
