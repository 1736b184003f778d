"""The checks whose sources the students receive."""
