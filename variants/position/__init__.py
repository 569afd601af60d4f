"""Kinds of position, one file each."""
