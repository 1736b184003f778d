"""The homework itself: both models trained, every figure of the handout drawn, and one page that shows them."""
