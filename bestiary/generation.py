"""`bestiary generate`: let a trained model write."""

from typing import Annotated

import typer

from bestiary import completion, options
from bestiary.output import say, say_json

Run = Annotated[str, typer.Argument(help="A run's id, or its first letters.", autocompletion=completion.runs)]
Prompt = Annotated[str | None, typer.Option("--prompt", "-p", help="The text a language model goes on from.")]
Source = Annotated[str | None, typer.Option("--source", "-s", help="What a sequence-to-sequence model reads.")]
Tokens = Annotated[int | None, typer.Option("--tokens", min=1, help="At most so many. Default: what fits.")]
Temperature = Annotated[float, typer.Option(min=0.0, help="0 takes the likeliest token each time.")]
TopK = Annotated[int, typer.Option(min=0, help="Draw among so many likeliest tokens; 0 is all.")]


def generate(
    run: Run,
    prompt: Prompt = None,
    source: Source = None,
    tokens: Tokens = None,
    temperature: Temperature = 0.0,
    top_k: TopK = 0,
    seed: Annotated[int, typer.Option(help="Of the draws at a temperature above 0.")] = 0,
    out: options.Out = options.DEFAULT_LEDGER,
    device: options.Device = None,
    as_json: options.AsJson = False,
) -> None:
    """Print what the model of a reporting run writes after a prompt, or for a source."""
    given = {"--prompt": prompt, "--source": source}
    texts = {name: text for name, text in given.items() if text is not None}
    if len(texts) != 1:
        raise ValueError(f"generate: give --prompt or --source (got {' and '.join(texts) or 'neither'})")
    from harness.ledger import Ledger
    from harness.saved import load_run
    from variants import Sampling

    saved = load_run(Ledger.open(out).find(run), device)
    wanted = "--source" if saved.task.generation else "--prompt"
    if wanted not in texts:
        raise ValueError(f"generate: this run's model takes {wanted} (got {', '.join(texts)})")
    text = texts[wanted]
    written = saved.write(text, tokens, Sampling(temperature=temperature, top_k=top_k, seed=seed))
    if as_json:
        say_json({"run": run, "given": text, "written": written})
    else:
        say(text + written if wanted == "--prompt" else written)
