"""The assignment's suites: what is right, what it is worth, and who sees it."""
