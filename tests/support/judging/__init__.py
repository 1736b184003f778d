"""From observations to verdicts and messages."""
