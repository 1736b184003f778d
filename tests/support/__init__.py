"""What every suite is written with: the homework as data, probes, observations, laws and verdicts."""
