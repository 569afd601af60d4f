"""What a model can learn from running text; one kind a file."""
