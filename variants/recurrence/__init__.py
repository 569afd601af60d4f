"""Kinds of recurrence, one file each."""
