"""The calibration: how often right work would fail, measured on correct submissions under many seeds."""
