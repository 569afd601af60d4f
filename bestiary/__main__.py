"""The entry point: quick commands first, everything else through the full command line, failures as clear messages."""

import sys
from collections.abc import Sequence

from bestiary.failures import guarded


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    end = words.index("--") if "--" in words else len(words)
    debug = "--debug" in words[:end]
    words = [word for i, word in enumerate(words) if word != "--debug" or i > end]
    return guarded(lambda: _dispatch(words), debug=debug)


def _dispatch(words: list[str]) -> int:
    if words[:1] == ["--version"]:
        from importlib.metadata import version

        print(f"bestiary {version('bestiary')}")
        return 0
    from bestiary import fast

    if words and words[0] in fast.COMMANDS:
        return fast.run(words[0], words[1:])
    from harness.stopping import terminated_like_interrupted

    with terminated_like_interrupted():
        from bestiary import cli

        return cli.run(words)


if __name__ == "__main__":
    sys.exit(main())
