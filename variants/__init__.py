"""The shared builder and its parts: from a resolved spec to a torch model."""

from variants.builder import Model, build_model
from variants.context import Context, Output, State
from variants.count import count_parameters
from variants.decoding import Beam, Sampling
from variants.flops import training_flops
from variants.generate import generate
from variants.resize import resize
from variants.shrink import shrink
from variants.weights import from_transformers, to_transformers

__all__ = [
    "Beam",
    "Context",
    "Model",
    "Output",
    "Sampling",
    "State",
    "build_model",
    "count_parameters",
    "from_transformers",
    "generate",
    "resize",
    "shrink",
    "to_transformers",
    "training_flops",
]
