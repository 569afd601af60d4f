"""`bestiary generate`: let a model write."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from bestiary import completion, options
from bestiary.grouped import grouped
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
Seed = Annotated[int, typer.Option(help="Of the draws at a temperature above 0.")]
Stops = Annotated[
    list[str] | None, typer.Option("--stop", help="A token that ends the text and is left out of it; may be repeated.")
]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a model is given, and where it ends."""

    prompt: Prompt = None
    source: Source = None
    tokens: Tokens = None
    stop: Stops = None

    def text(self) -> tuple[str, str]:
        """How the text is given, as a prompt or as a source, and the text.

        Raises:
            ValueError: both are given, or neither.
        """
        texts = {name: text for name, text in (("prompt", self.prompt), ("source", self.source)) if text is not None}
        if len(texts) != 1:
            raise ValueError(f"generate: give --prompt or --source (got {' and '.join(texts) or 'neither'})")
        return texts.popitem()


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How each token is chosen."""

    temperature: Temperature = 0.0
    top_k: TopK = 0
    top_p: TopP = 1.0
    beam: Width = None
    length_penalty: Penalty = None
    seed: Seed = 0

    def sampling(self) -> "Sampling | Beam":
        """Beam search where a width is given, else drawing.

        Raises:
            ValueError: an option of the other one is given too.
        """
        from variants import Beam, Sampling

        if self.beam is None and self.length_penalty is not None:
            raise ValueError("--length-penalty weighs the texts of a beam; give --beam too")
        if self.beam is not None and self.temperature:
            raise ValueError("--beam searches and --temperature draws; give one of them")
        drawn = Sampling(temperature=self.temperature, top_k=self.top_k, top_p=self.top_p, seed=self.seed)
        if self.beam is None:
            return drawn
        penalty = {} if self.length_penalty is None else {"length_penalty": self.length_penalty}
        return Beam(width=self.beam, **penalty)


@grouped
def generate(
    model: Model,
    asked: Asked,
    choice: Choice,
    catalog: options.Catalog = None,
    parts: options.Parts = None,
    task_files: options.TaskFiles = None,
    out: options.Out = options.DEFAULT_LEDGER,
    device: options.Device = None,
    as_json: options.AsJson = False,
) -> int:
    """Print what a model writes after a prompt, or for a source."""
    given, text = asked.text()
    from harness.opening import open_writer
    from harness.writer import Request

    sampling = choice.sampling()
    writer = open_writer(model, out, device)
    if writer.takes != given:
        raise ValueError(f"generate: this model takes --{writer.takes} (got --{given})")
    if writer.warning:
        note(writer.warning)
    written = writer.write(Request(text=text, tokens=asked.tokens, stops=asked.stop or (), sampling=sampling))
    if as_json:
        say_json({"model": model, "given": text, "written": written.text, "tokens": written.tokens})
    else:
        say(written.whole)
    return 0
