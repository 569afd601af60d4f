"""Kinds of router, one file each."""
