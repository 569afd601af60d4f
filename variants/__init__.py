"""The shared builder and its parts: from a resolved spec to a torch model."""

from variants.builder import Model, build_model
from variants.capture import capture_attention
from variants.context import Context, Output, State
from variants.count import count_parameters
from variants.decoding import Beam, Sampling
from variants.encode import encode
from variants.flops import training_flops
from variants.generate import generate
from variants.resize import resize
from variants.score import score
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
    "capture_attention",
    "count_parameters",
    "encode",
    "from_transformers",
    "generate",
    "resize",
    "score",
    "shrink",
    "to_transformers",
    "training_flops",
]
