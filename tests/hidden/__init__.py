"""The same subjects on harder inputs; these files never leave the staff."""
