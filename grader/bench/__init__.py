"""The untrusted party: processes in which a student's files run. Nothing here knows an expected value."""
