"""Tasks whose rows are made from random numbers, without end; one kind a file."""
