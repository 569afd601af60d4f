"""Which attention kernels a forward really runs, as opposed to those it asks for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

# by the name of the operator; the first that fits counts
OPERATORS = {
    "scaled_dot_product_flash_attention_for_cpu": "sdpa-cpu-flash",
    "scaled_dot_product_flash_attention": "sdpa-flash",
    "scaled_dot_product_efficient_attention": "sdpa-efficient",
    "scaled_dot_product_cudnn_attention": "sdpa-cudnn",
    "scaled_dot_product_attention_math": "sdpa-math",
    "scaled_dot_product_fused_attention_overrideable": "sdpa-fused",
    "flex_attention": "flex",
}


def kernels_of(names: Iterable[str]) -> set[str]:
    """The attention kernels among operator names."""
    return {kernel for name in names if (kernel := _kernel(name)) is not None}


def observe(call: Callable[[], Any]) -> set[str]:
    """The attention kernels that an eager `call` runs."""
    with _Requests() as requests, _Operators() as operators:
        call()
    fused = kernels_of(operators.names)
    # the plain form is made of common operators, so it shows only as a request that no fused kernel served
    served = sum(_kernel(name) is not None for name in operators.names)
    return fused | ({"sdpa-math"} if requests.count > served else set())


def observe_compiled(call: Callable[[], Any]) -> set[str]:
    """The attention kernels that a compiled `call` runs, read from the profiler."""
    with profile(activities=[ProfilerActivity.CPU], acc_events=True) as profiler:
        call()
    return kernels_of(event.key for event in profiler.key_averages())


def _kernel(name: str) -> str | None:
    return next((kernel for operator, kernel in OPERATORS.items() if operator in name), None)


class _Requests(TorchFunctionMode):
    """Counts the calls of scaled_dot_product_attention."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func is functional.scaled_dot_product_attention
        return func(*args, **(kwargs or {}))


class _Operators(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Collects the names of the operators that reach the device."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(str(func))
        return func(*args, **(kwargs or {}))
