"""Kinds of visibility, one file each."""
