"""No slot of a decoder sees a later one in a long text either, where kernels change and spans of a part's own begin."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from variants.certificate.subject import SEEN, SOURCE_LENGTH, Subject

# past every length at which a part here changes its way (64 slots a chunk, 512 for blocks); prime, so that no span of a
# part's own ends where the text does
LONG = 521


def check_long_text(subject: Subject) -> Iterator[str]:
    """Edits all tokens from a cut on and looks at the slots before it; what begins past `LONG` slots is not found."""
    longer = _longer(subject)
    length = longer.spec["context_length"] - SOURCE_LENGTH
    cuts = (length // 2, length - 1)
    rows = {name: value.repeat(1 + len(cuts), 1) for name, value in longer.inputs(batch=1, length=length).items()}
    for row, cut in enumerate(cuts, start=1):
        rows["tokens"][row, cut:] = (rows["tokens"][row, cut:] + 1) % longer.spec["vocab_size"]
    with torch.no_grad():
        hidden = longer.hidden(**rows)
    for row, cut in enumerate(cuts, start=1):
        changed = (hidden[row, :cut] - hidden[0, :cut]).abs().amax(-1) > SEEN
        if bool(changed.any()):
            first = int(changed.nonzero()[0])
            yield f"model: in a text of {length} slots, slot {first} sees the future: one of those from slot {cut} on"
            return


def _longer(subject: Subject) -> Subject:
    """The structure with room for a long text, and for what stands before it."""
    try:
        return Subject.of({**subject.spec, "context_length": LONG + SOURCE_LENGTH}, str(subject.device))
    except ValueError:  # a part that has no more room than it was given
        return subject
