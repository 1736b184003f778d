"""The judge, trusted: runs the suites on observations; never torch, never a student's file."""
