"""How mistakes are charged."""

CARRY_FORWARD = True
"""Whether a mistake is charged once, in the row that owns its line; False charges it in every row that shows it."""
