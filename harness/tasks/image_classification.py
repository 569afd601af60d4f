"""Image classification: one class per small image, read as a row of patches."""

from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt

from catalog.types import Count
from harness.datasets.images import load_images
from harness.datasets.order import epoch_order, step_indices
from harness.tasks.class_scores import score_classes, trivial_classes
from harness.tasks.heads import classifier_head
from harness.tasks.registry import TASK
from harness.tasks.stack import require_stack
from harness.tasks.task import Batch, Scored, Spec, Split, Task, Trivial

Ints = npt.NDArray[np.int64]


@TASK.register("image_classification", evaluation_items=50)
class ImageClassification(Task):
    """Name the digit of an image of 8 by 8 pixels; the model's embedding cuts it into patches.

    `data` is an embedded set of images. `patch` is the side of a patch in pixels. `evaluation_items` bounds the images
    per split.

    Raises:
        ValueError: there are no such images, or patches do not tile them.
    """

    metric = "nats per image"
    stacks = frozenset({"encoder"})

    def __init__(self, *, data: str = "digits", patch: Count = 2, evaluation_items: Count = 1_000) -> None:
        self.data = load_images(data)
        self.patch = patch
        self.evaluation_items = evaluation_items
        self._read = cache(self.data.read)
        side = self._read("train")[0].shape[-1]
        if side % patch:
            divisors = [str(d) for d in range(1, side + 1) if side % d == 0]
            raise ValueError(f"patch: does not tile {side} pixels (got {patch}; allowed: {', '.join(divisors)})")
        self.n_patches = (side // patch) ** 2

    def adapt(self, spec: Spec) -> Spec:
        require_stack(self.kind, spec, self.stacks, images=True)
        embedding = self._embedding(spec["embedding"])
        # tokens of its own take slots before the patches, and are there to be read
        tokens = bool(embedding.get("class_token")) + bool(embedding.get("distillation_token"))
        head = self._head(spec.get("head") or {}, tokens)
        return {**spec, "context_length": self.n_patches + tokens, "embedding": embedding, "head": head}

    def batch(self, seed: int, step: int, batch_size: int) -> Batch:
        n_images = len(self._read("train")[1])
        return self._batch("train", step_indices(n_images, step, batch_size, seed, "train"))

    def evaluation(self, split: Split, batch_size: int) -> Iterator[Batch]:
        order = self._order(split)
        for first in range(0, len(order), batch_size):
            yield self._batch(split, order[first : first + batch_size])

    def trivial(self) -> Trivial:
        held_out = {split: self._read(split)[1][self._order(split)] for split in ("val", "test")}
        return trivial_classes(self._read("train")[1], held_out, self.data.n_classes)

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        return score_classes(scored, {})

    def digest(self) -> str:
        options = f"image_classification/{self.data.name}/{self.patch}/{self.evaluation_items}"
        return sha256(f"{self.data.digest}/{options}".encode()).hexdigest()

    def _head(self, given: Spec, tokens: int) -> Spec:
        """The spec's own head over classes where it reads such tokens, else one that pools."""
        if tokens and "n_classes" in given:
            return {**given, "n_classes": self.data.n_classes}
        return classifier_head(self.data.n_classes, "first" if tokens else "mean")

    def _embedding(self, given: Spec) -> Spec:
        """The spec's own embedding of images, told the size of these."""
        channels, side = self._read("train")[0].shape[1:3]
        sizes = {"patch_size": self.patch, "image_size": side, "channels": channels}
        return {**given, **{name: size for name, size in sizes.items() if name in given}}

    def _order(self, split: Split) -> Ints:
        return epoch_order(len(self._read(split)[1]), 0, split)[: self.evaluation_items]

    def _batch(self, split: str, rows: Ints) -> Batch:
        pixels, classes = self._read(split)
        return Batch({"tokens": pixels[rows]}, classes[rows], np.ones(len(rows), dtype=np.float32))
