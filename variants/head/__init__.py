"""Kinds of head, one file each."""
