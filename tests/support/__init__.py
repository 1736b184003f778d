"""What every suite is written with: the handout as data, observations, laws, conventions and messages."""
