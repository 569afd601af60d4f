"""Kinds of cross_attention, one file each."""
