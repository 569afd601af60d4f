"""The ledger: content-addressed runs with typed states, safe against kills, full disks and second launches."""

from harness.ledger.canonical import canonical, digest, run_id
from harness.ledger.cleaning import Waste, discard, remove, waste
from harness.ledger.errors import BadLedger, Busy, LedgerError, StorageFault
from harness.ledger.index import Row, chosen, query
from harness.ledger.merge import Merged, merge
from harness.ledger.run import Attempt, Run, Status, open_test_again, relocate, settle, vouch
from harness.ledger.states import State
from harness.ledger.store import FORMAT, Ledger

__all__ = [
    "FORMAT",
    "Attempt",
    "BadLedger",
    "Busy",
    "Ledger",
    "LedgerError",
    "Merged",
    "Row",
    "Run",
    "State",
    "Status",
    "StorageFault",
    "Waste",
    "canonical",
    "chosen",
    "digest",
    "discard",
    "merge",
    "open_test_again",
    "query",
    "relocate",
    "remove",
    "run_id",
    "settle",
    "vouch",
    "waste",
]
