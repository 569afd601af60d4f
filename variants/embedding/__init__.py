"""Kinds of embedding, one file each."""
