"""Random changes to the trusted code, and whether a test notices them: `python -m grader.audit.mutation`."""
