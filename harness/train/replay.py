"""What a restored run writes once more, compared with what was recorded before it broke off."""

from __future__ import annotations

import json
from typing import Any

Line = dict[str, Any]


class Replay:
    """The lines of a learning curve behind a checkpoint, in order; a step that is done again must write them again."""

    def __init__(self, recorded: bytes, restored: bytes) -> None:
        behind = recorded[len(restored) :] if recorded.startswith(restored) else b""
        self.expected = _whole_lines(behind)
        self.lines = self.mismatches = 0
        # a curve that does not begin as the checkpoint's does was written by another run
        if not recorded.startswith(restored) and recorded:
            self.mismatches = 1

    def compare(self, line: Line) -> Line | None:
        """The recorded line, when it is not the one that is written now."""
        if not self.expected:
            return None
        was = self.expected.pop(0)
        self.lines += 1
        return was if was != line else None


def _whole_lines(text: bytes) -> list[Line]:
    """The lines that a crash did not tear."""
    return [json.loads(line) for line in text.split(b"\n")[:-1] if line.endswith(b"}")]
