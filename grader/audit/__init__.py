"""The audit: everything whose verdict is known, graded, and compared with what is known."""
