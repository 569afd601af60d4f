"""Every entry with a decoder decodes and scores a padded batch as each of its rows alone."""

import pytest
import torch

from catalog.access import resolve
from catalog.entries import Catalog
from catalog.resolution import spec_hash
from specs import live, tokens
from variants import build_model, generate, score, shrink
from variants.certificate.subject import randomise

CATALOG = Catalog()
ENTRIES = [name for name in sorted(CATALOG.sources) if CATALOG.entry(name).stacks in ("decoder", "encoder_decoder")]
MASK = torch.ones(3, 6, dtype=torch.bool)
MASK[0, :3] = MASK[2, 5:] = False
BOS, CLOSE = 1, 1e-8  # float64, with padding summed in another order
met: set[str] = set()


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_padded_batch_is_decoded_and_scored_as_its_rows_alone(entry):
    spec = shrink(resolve(entry, records=live()))
    if spec_hash(spec) in met:
        return  # another entry's structure
    met.add(spec_hash(spec))
    model = build_model(spec)
    randomise(model)
    model = model.double().eval()
    x, answer = tokens(3, 6), tokens(3, 5, seed=2)
    made = write(model, x, MASK)
    nats = score(model, x, answer, bos=BOS, source_padding_mask=MASK)
    for row in range(3):
        alone = x[row : row + 1, MASK[row]]
        assert torch.equal(made[row], write(model, alone, None)[0]), row
        assert abs(float(nats[row] - score(model, alone, answer[row : row + 1], bos=BOS))) < CLOSE


def write(model, x, mask):
    """Seven new tokens after a prompt, or for a source."""
    if model.encoder is not None:
        return generate(model, source=x, source_padding_mask=mask, bos=BOS, max_new_tokens=7)
    return generate(model, x, padding_mask=mask, max_new_tokens=7)
