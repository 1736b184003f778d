"""What is said of trained models: as advice, which fails nobody."""
