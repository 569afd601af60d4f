"""The comparison of a sweep: from the results of its runs to intervals, verdicts, tiers and sentences. No torch.

What goes in:

- a **result** is the content of a run's `result.json` (`state`, `id`, `val`, `test`, `shown`), or `{"state": "oom"}`
  where a run has none; `done` and `diverged` are final, every other state is not.
- the results of a **table**: `{variant: {"tuning": {(rate, seed): result}, "reporting": {seed: result}}}`, and
  `"a/a": {"reporting": {seed: result}}` for the baseline under a salted initialisation. Whatever is absent is taken as
  `{"state": "never"}`; seeds and rates outside the plan are not read.
- the results of a **plan**: `{table id: results of the table}`.

What comes out is a plain record (`comparison.json`), byte-identical for equal plan and results; `Comparison` wraps it.
The estimand is the mean test loss over reporting seeds, validation loss where a task has no test split.
"""

from harness.comparison.table import compare, compare_table
from harness.comparison.tuning import choose_rate
from harness.comparison.view import Comparison

__all__ = ["Comparison", "choose_rate", "compare", "compare_table"]
