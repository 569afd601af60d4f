"""Kinds of convolution, one file each."""
