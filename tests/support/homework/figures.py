"""What can be drawn of trained models, and from which arrays."""

SCORE_FIELD, STEPS, PATHS, DIGITS = "score field", "steps", "paths", "digits"
"""What can be drawn, and from which arrays (float32 unless stated):

score field   points (M, 2), score (M, 2)
steps         states (k, n, 2), and the step of each state, steps (k,) integers
paths         paths (p, L * T, 2), over the final samples (n, 2)
digits        digits (64, 28, 28) uint8, row by row
"""
