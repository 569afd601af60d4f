"""Decoding: what it starts from, how the next token is chosen, when it ends; one file each."""

from variants.decoding.beam import Beam, Hypotheses, search
from variants.decoding.prompt import Prompt, make_prompt
from variants.decoding.sampling import Sampling
from variants.decoding.stops import Stops

__all__ = ["Beam", "Hypotheses", "Prompt", "Sampling", "Stops", "make_prompt", "search"]
