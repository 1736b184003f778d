"""What a student's own run adds to the checks: a limit, their own traceback, what to do next. Never used to grade."""
