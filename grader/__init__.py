"""The machine that grades: everything the staff run and no student receives."""
