"""Kinds of init, one file each."""
