"""The runner, trusted: takes a submission in, starts judge and bench, owns every clock. It runs no student byte."""
