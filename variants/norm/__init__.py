"""Kinds of norm, one file each."""
