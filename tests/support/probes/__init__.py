"""What runs beside a student's code: it reports what happened, and knows and decides nothing."""
