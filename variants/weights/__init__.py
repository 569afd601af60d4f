"""Weights of reference models in and out, by the tables that entries hold; no code per model."""

from variants.weights.exporting import to_transformers
from variants.weights.importing import from_transformers
from variants.weights.load import load_reference

__all__ = ["from_transformers", "load_reference", "to_transformers"]
