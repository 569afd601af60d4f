"""What a user's file must leave as it was when it is run: the project's own modules, and torch's defaults."""

import sys
from collections.abc import Iterator
from typing import Any

ROOMS = ("catalog", "variants", "harness", "reports", "bestiary")
# what changes the numbers of every model in the process: how it is read, and how it is set
TORCH = {
    "get_default_dtype": "set_default_dtype",
    "is_grad_enabled": "set_grad_enabled",
    "get_float32_matmul_precision": "set_float32_matmul_precision",
    "are_deterministic_algorithms_enabled": "use_deterministic_algorithms",
}


class Before:
    """The names of the project's modules and torch's defaults as they are now."""

    def __init__(self) -> None:
        self.names = {name: dict(vars(module)) for name, module in _modules()}
        self.torch = _torch()

    def undo(self) -> list[str]:
        """Puts both back, and says what was changed."""
        found = []
        for reads, value in self.torch.items():
            if _torch()[reads] != value:
                getattr(sys.modules["torch"], TORCH[reads])(value)
                found.append(f"torch.{TORCH[reads]}")
        for name, held in self.names.items():
            now = vars(sys.modules[name])
            for key in [key for key, value in held.items() if now.get(key) is not value]:
                now[key] = held[key]
                found.append(f"{name}.{key}")
        return found


def _modules() -> Iterator[tuple[str, Any]]:
    loaded = [(name, module) for name, module in sys.modules.items() if name.partition(".")[0] in ROOMS]
    return ((name, module) for name, module in loaded if module is not None)


def _torch() -> dict[str, Any]:
    torch = sys.modules.get("torch")
    return {} if torch is None else {name: getattr(torch, name)() for name in TORCH}
