"""The end of the time that a call may take."""

from __future__ import annotations

import time


class TimeUp(Exception):
    """There is no time left for what comes next; the next call goes on from here."""


class Deadline:
    """So many minutes from now."""

    def __init__(self, minutes: float) -> None:
        self.end = time.monotonic() + 60 * minutes

    @property
    def left(self) -> float:
        """Seconds left, 0 once it has passed."""
        return max(0.0, self.end - time.monotonic())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self.left == 0.0

    def check(self) -> None:
        """Does nothing while there is time.

        Raises:
            TimeUp: it has passed.
        """
        if self.passed:
            raise TimeUp
