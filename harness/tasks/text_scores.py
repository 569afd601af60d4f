"""BLEU and chrF of generated texts, by sacrebleu (https://arxiv.org/abs/1804.08771), an optional package."""

from collections.abc import Callable, Sequence
from typing import Any

from harness.tasks.generations import until_end
from harness.tasks.task import Scored

Says = Callable[[Sequence[int]], str]


def require_sacrebleu() -> Any:
    """The package.

    Raises:
        ValueError: it is not installed.
    """
    try:
        import sacrebleu
    except ImportError as error:
        raise ValueError(
            "text_scores: BLEU and chrF need the extra `metrics`: pip install 'bestiary[metrics]' (allowed without it: "
            "false)"
        ) from error
    return sacrebleu


def text_scores(scored: Sequence[Scored], says: Says) -> dict[str, float]:
    """BLEU and chrF, 0 to 100, of what was generated against every right answer; nothing where nothing was."""
    written, answers = [], []
    for item in scored:
        if item.generated is not None and item.batch.references is not None:
            written += [says(until_end(row)) for row in item.generated]
            answers += [[says(until_end(row)) for row in rows if row.any()] for rows in item.batch.references]
    if not written:
        return {}
    sacrebleu = require_sacrebleu()
    # sacrebleu wants one row of references for each place in the lists of answers
    places = [[row[place] if place < len(row) else None for row in answers] for place in range(max(map(len, answers)))]
    return {
        "bleu": float(sacrebleu.corpus_bleu(written, places).score),
        "chrf": float(sacrebleu.corpus_chrf(written, places).score),
    }
