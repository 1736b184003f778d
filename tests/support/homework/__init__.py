"""What is known of the homework: its parts, its tables, and each reading of it. Data; it imports nothing of ours."""
