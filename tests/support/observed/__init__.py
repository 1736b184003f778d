"""Asks for observations through the seam, and gives them typed."""
