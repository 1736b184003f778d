"""What is handed out: the template, both packages, their rehearsal, the platform's entry."""
