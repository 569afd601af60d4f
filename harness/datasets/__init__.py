"""Data sets by name, or a user's own file; every byte is checked against its card before it is used."""
