"""The shared builder and its parts: from a resolved spec to a torch model."""

from variants.builder import Model, build_model
from variants.context import Context, Output, State

__all__ = ["Context", "Model", "Output", "State", "build_model"]
