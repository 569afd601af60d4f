"""Kinds of ffn, one file each."""
