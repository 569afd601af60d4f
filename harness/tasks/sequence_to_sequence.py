"""Sequence to sequence: a source read whole, a target written symbol by symbol."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from typing import Any, Literal

import numpy as np

from catalog.types import Count, Flag
from harness.datasets.address import is_own
from harness.datasets.order import epoch_order, step_indices
from harness.datasets.pairs import Pair, Pairs, load_pairs
from harness.tasks.cuts import own_pairs
from harness.tasks.generations import until_end
from harness.tasks.heads import lm_head
from harness.tasks.pair_batches import EncodedPairs, encode_pairs, for_pairs, pair_batch
from harness.tasks.pair_scores import score_pairs, trivial_pairs
from harness.tasks.registry import TASK
from harness.tasks.stack import require_stack
from harness.tasks.tally import even_ranges
from harness.tasks.task import Array, Batch, Generation, Scored, Spec, Split, Task, Trivial
from harness.tasks.text_scores import require_sacrebleu, text_scores
from harness.tasks.vocabulary import BOS, EOS, Vocabulary

LENGTH_STEP = 4
MANY = 200  # symbols that a message does not list


@TASK.register("sequence_to_sequence", evaluation_items=100)
class SequenceToSequence(Task):
    """Write the target of a source; a decoder reads the source as a prefix, and every stack is scored alike.

    `data` is an embedded set of pairs, g2p (letters to phonemes without stress), dates (15 locales to ISO 8601) or
    digit_names (the pixels of a handwritten digit to the letters of its name), or pairs of a user's own: a .tsv or
    .jsonl file with source and target, a folder of one for each split, or hf:OWNER/NAME. `unit` is what one token of a
    user's pairs is: a character (unless given), a word between spaces, or a piece of a word (`bpe`), of which
    `vocabulary_size` are learnt, special ones included. `evaluation_items` bounds the pairs per split. `text_scores`
    shows BLEU and chrF, by sacrebleu. Source and target symbols have ids of their own in one vocabulary that training
    pairs alone define.

    Raises:
        ValueError: there are no such pairs, or the options do not go with them.
    """

    stacks = frozenset({"decoder", "encoder_decoder"})

    def __init__(
        self,
        *,
        data: str = "g2p",
        unit: Literal["character", "word", "bpe"] | None = None,
        vocabulary_size: Count | None = None,
        evaluation_items: Count = 2_000,
        text_scores: Flag = False,
    ) -> None:
        if text_scores:
            require_sacrebleu()
        self.text_scores = text_scores
        self.data = _pairs(data, unit, vocabulary_size)
        self.notes = self.data.notes
        self.metric = f"nats per {self.data.unit}"
        self.evaluation_items = evaluation_items
        train = self.data.read("train")
        known = self.data.alphabet
        self.source_vocabulary = Vocabulary.of(sorted({*known, *(s for pair in train for s in pair.source)}))
        symbols = sorted({*known, *(s for pair in train for target in pair.targets for s in target)})
        self.target_vocabulary = Vocabulary.of(symbols, first=self.source_vocabulary.end)
        self.train = self._encode(train)
        self._held_out = cache(lambda split: self._encode(self.data.read(split)))
        self.generation = Generation(BOS, EOS, max_new_tokens=self.data.longest_target + 1)

    def adapt(self, spec: Spec) -> Spec:
        stack = require_stack(self.kind, spec, self.stacks)
        longest = (self.data.longest_source, self.data.longest_target + 1)
        return {**for_pairs(spec, stack, self.target_vocabulary.end, *longest), "head": lm_head(spec)}

    def batch(self, seed: int, step: int, batch_size: int) -> Batch:
        return pair_batch(self.train, step_indices(len(self.train), step, batch_size, seed, "train"))

    def evaluation(self, split: Split, batch_size: int) -> Iterator[Batch]:
        pairs = self._held_out(split)
        order = epoch_order(len(pairs), 0, split)[: self.evaluation_items]
        for first in range(0, len(order), batch_size):
            yield pair_batch(pairs, order[first : first + batch_size])

    def trivial(self) -> Trivial:
        held_out = {split: list(self.evaluation(split, 1_000)) for split in ("val", "test")}
        return trivial_pairs(self.train, held_out, self.target_vocabulary.end)

    def score(self, scored: Iterable[Scored]) -> dict[str, Any]:
        listed, spans = list(scored), even_ranges(self.data.longest_source, LENGTH_STEP)
        told = score_pairs(listed, self.data.unit, spans, self.data.longest_target)
        more = text_scores(listed, self.text_of) if self.text_scores else {}
        return {**told, "shown": {**told["shown"], **more}}

    def digest(self) -> str:
        options = f"sequence_to_sequence/{self.data.name}/{self.evaluation_items}"
        return sha256(f"{self.data.digest}/{options}".encode()).hexdigest()

    def prompt(self, text: str) -> dict[str, Array]:
        known, symbols = self.source_vocabulary.ids, self.data.cut(text)
        if not symbols or (strange := [symbol for symbol in symbols if symbol not in known]):
            got = ", ".join(map(repr, strange)) if symbols else "nothing"
            allowed = "".join(sorted(known)) if len(known) <= MANY else f"{len(known)} symbols of the training sources"
            raise ValueError(f"source: holds what training never showed (got {got}; allowed: {allowed!r})")
        return {"source": np.array([self.source_vocabulary.encode(symbols)])}

    def text_of(self, ids: Sequence[int]) -> str:
        symbols = {identity: symbol for symbol, identity in self.target_vocabulary.ids.items()}
        return self.data.join([symbols.get(identity, "?") for identity in until_end(np.asarray(ids))])

    def stop(self, symbol: str) -> int:
        known = self.target_vocabulary.ids
        if symbol not in known:
            raise ValueError(f"stop: is no symbol of the answers (got {symbol!r}; allowed: {' '.join(sorted(known))})")
        return known[symbol]

    def _encode(self, pairs: list[Pair]) -> EncodedPairs:
        answers = [[self.target_vocabulary.encode(target) for target in pair.targets] for pair in pairs]
        return encode_pairs([self.source_vocabulary.encode(pair.source) for pair in pairs], answers)


def _pairs(data: str, unit: str | None, vocabulary_size: int | None) -> Pairs:
    if is_own(data):
        return own_pairs(data, unit or "character", vocabulary_size)
    found = load_pairs(data)
    for name, value in (("unit", unit), ("vocabulary_size", vocabulary_size)):
        if value is not None:
            raise ValueError(f"{name}: {data} has symbols of its own (got {value!r}; allowed: null)")
    return found
