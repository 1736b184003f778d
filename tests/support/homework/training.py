"""What one epoch of `GAN.train` must do (4.6)."""

from tests.support.homework.readings import Part

MOVES = Part("both networks move", 0.5)
WRITES = Part("the grid of generated images is written", 0.5)
