"""Near copies: held-out texts most of which stand in training too. They are counted and told, not dropped."""

from collections.abc import Iterable, Iterator, Sequence

RUN = 5  # words
SHARE = 0.5
TOLD = 3
TOLD_CHARACTERS = 40
PASSAGE = 100  # words

Run = tuple[str, ...]


def near_copies(train: Iterable[str], held_out: Sequence[str], what: str) -> str:
    """How many held-out texts have at least `SHARE` of their runs of `RUN` words anywhere in training, as a sentence.

    Exact up to case and white space; a text of fewer than `RUN` words cannot be judged.
    """
    asked = [(text, set(runs(text))) for text in held_out]
    wanted = set().union(*(found for _, found in asked))
    known = {run for text in train for run in runs(text) if run in wanted} if wanted else set()
    judged = [(text, len(found & known) / len(found)) for text, found in asked if found]
    copies = [text for text, share in judged if share >= SHARE]
    short = len(asked) - len(judged)
    if not judged:
        return f"near copies: not looked for, no held-out text has {RUN} words"
    return (
        f"near copies: {len(copies)} of {len(judged)} held-out {what} have {SHARE:.0%} or more of their runs of {RUN} "
        f"words in training{_examples(copies)}{f'; {short} more are too short to tell' if short else ''}"
    )


def runs(text: str) -> Iterator[Run]:
    """Every run of `RUN` words, without regard to case."""
    words = text.lower().split()
    return zip(*(words[start:] for start in range(RUN)), strict=False)


def passages(text: str) -> Iterator[str]:
    """The paragraphs of a text, long ones in parts of `PASSAGE` words."""
    for paragraph in text.split("\n\n"):
        words = paragraph.split()
        yield from (" ".join(words[start : start + PASSAGE]) for start in range(0, len(words), PASSAGE))


def _examples(copies: Sequence[str]) -> str:
    told = [f"{text[:TOLD_CHARACTERS]!r}" for text in copies[:TOLD]]
    return f", such as {', '.join(told)}" if told else ""
