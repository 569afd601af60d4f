"""What a diagram says inside a box: of a branch its heads, widths, experts, positions, and how far it sees."""

from collections.abc import Callable, Mapping
from typing import Any

from catalog.records import load_records

Spec = Mapping[str, Any]


def word(kind: Any) -> str:
    return str(kind).replace("_", " ")


def is_relative(position: Spec) -> bool:
    """Whether a scheme acts inside attention, and adds nothing to the stream."""
    record = load_records()["position"].get(position["kind"])
    return bool(record and record.more.get("is_relative"))


def said_of(part: Spec, stack: Spec) -> str:
    """What stands in the box of a branch beside its kind; an option that it lacks is left out."""
    told = [say(part) for say in SAYINGS]
    return ", ".join(text for text in [*told, *_places(part, stack), _sight(part, stack)] if text)


def _heads(part: Spec) -> str:
    if not part.get("n_heads"):
        return ""
    groups = part.get("n_kv_heads") or part["n_heads"]
    return f"{part['n_heads']} heads" + (f" on {groups} of keys and values" if groups != part["n_heads"] else "")


def _latent(part: Spec) -> str:
    return f"latent of {part['d_latent']:,}" if part.get("d_latent") else ""


def _experts(part: Spec) -> str:
    if not part.get("n_experts"):
        return ""
    active = (part.get("router") or {}).get("n_active")
    shared = f" and {part['n_shared']} shared" if part.get("n_shared") else ""
    return f"{active} of {part['n_experts']} experts{shared}" if active else f"{part['n_experts']} experts"


def _width(part: Spec) -> str:
    wide = part.get("d_ff")
    return f"{wide:,} wide" if isinstance(wide, int) else ""


def _state(part: Spec) -> str:
    return f"state of {part['d_state']:,}" if part.get("d_state") else ""


def _activation(part: Spec) -> str:
    return word(part["activation"]) if part.get("activation") else ""


def _places(part: Spec, stack: Spec) -> list[str]:
    """Schemes that act inside the branch: its own, or else the stack's."""
    if "position" not in part:
        return []
    return [word(each["kind"]) for each in part["position"] or stack["position"] if is_relative(each)]


def _sight(part: Spec, stack: Spec) -> str:
    if "visibility" not in part:
        return ""
    sight = part["visibility"] or stack["visibility"]
    lengths = [f"{value:,}" for value in sight.values() if isinstance(value, int) and not isinstance(value, bool)]
    return " ".join([word(sight["kind"]), *lengths])


SAYINGS: tuple[Callable[[Spec], str], ...] = (_heads, _latent, _experts, _width, _state, _activation)
