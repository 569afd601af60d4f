"""Models of other libraries beside ours, of the same size and with the same weights."""
