"""Cost and scale, as commands that print ratios; timings are never asserted by tests."""
