"""`bestiary generate`: let a model write."""

from typing import TYPE_CHECKING, Annotated

import typer

from bestiary import completion, options
from bestiary.output import note, say, say_json

if TYPE_CHECKING:
    from variants import Beam, Sampling

Model = Annotated[
    str,
    typer.Argument(
        metavar="RUN|DIR|ENTRY",
        help="A run's id or its first letters, the folder of a checkpoint, or an entry, tiny and untrained.",
        autocompletion=completion.models,
    ),
]
Prompt = Annotated[str | None, typer.Option("--prompt", "-p", help="The text a language model goes on from.")]
Source = Annotated[str | None, typer.Option("--source", "-s", help="What a sequence-to-sequence model reads.")]
Tokens = Annotated[int | None, typer.Option("--tokens", min=1, help="At most so many. Default: what fits.")]
Temperature = Annotated[float, typer.Option(help="0 takes the likeliest token each time; above it, one is drawn.")]
TopK = Annotated[int, typer.Option(help="Draw among so many likeliest tokens; 0 is all.")]
TopP = Annotated[float, typer.Option(help="Draw among the fewest tokens that have this probability together.")]
Width = Annotated[int | None, typer.Option("--beam", help="Search with so many beginnings at a time.")]
Penalty = Annotated[float | None, typer.Option(help="With --beam: log-likelihood / length to this power. Default: 1.")]
Stops = Annotated[
    list[str] | None, typer.Option("--stop", help="A token that ends the text and is left out of it; may be repeated.")
]


def generate(
    model: Model,
    prompt: Prompt = None,
    source: Source = None,
    tokens: Tokens = None,
    temperature: Temperature = 0.0,
    top_k: TopK = 0,
    top_p: TopP = 1.0,
    beam: Width = None,
    length_penalty: Penalty = None,
    stop: Stops = None,
    seed: Annotated[int, typer.Option(help="Of the draws at a temperature above 0.")] = 0,
    catalog: options.Catalog = None,
    parts: options.Parts = None,
    task_files: options.TaskFiles = None,
    out: options.Out = options.DEFAULT_LEDGER,
    device: options.Device = None,
    as_json: options.AsJson = False,
) -> None:
    """Print what a model writes after a prompt, or for a source."""
    texts = {name: text for name, text in (("prompt", prompt), ("source", source)) if text is not None}
    if len(texts) != 1:
        raise ValueError(f"generate: give --prompt or --source (got {' and '.join(texts) or 'neither'})")
    from harness.opening import open_writer
    from harness.writer import Request
    from variants import Sampling

    drawn = Sampling(temperature=temperature, top_k=top_k, top_p=top_p, seed=seed)
    sampling = choose(drawn, beam, length_penalty)
    writer = open_writer(model, out, device)
    if writer.takes not in texts:
        raise ValueError(f"generate: this model takes --{writer.takes} (got --{next(iter(texts))})")
    if writer.warning:
        note(writer.warning)
    text = texts[writer.takes]
    written = writer.write(Request(text=text, tokens=tokens, stops=stop or (), sampling=sampling))
    if as_json:
        say_json({"model": model, "given": text, "written": written.text, "tokens": written.tokens})
    else:
        say(written.whole)


def choose(sampling: "Sampling", beam: int | None, length_penalty: float | None) -> "Sampling | Beam":
    """Beam search where a width is given, else drawing.

    Raises:
        ValueError: an option of the other one is given too.
    """
    from variants import Beam

    if beam is None:
        if length_penalty is not None:
            raise ValueError("--length-penalty weighs the texts of a beam; give --beam too")
        return sampling
    if sampling.temperature:
        raise ValueError("--beam searches and --temperature draws; give one of them")
    return Beam(width=beam) if length_penalty is None else Beam(width=beam, length_penalty=length_penalty)
