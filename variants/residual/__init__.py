"""Kinds of residual, one file each."""
