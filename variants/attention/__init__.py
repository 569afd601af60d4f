"""Kinds of attention, one file each."""
