"""A device that computes on the CPU and, like a GPU, refuses an operator that meets tensors of two devices.

`python tests/far_device.py` runs what a GPU would run and prints one line for each piece: its name, and `ok` or the
error. It patches torch for the whole process, so that tests start it as a process of its own.
"""

import sys
from dataclasses import replace
from pathlib import Path

import torch
import torch._dynamo  # reads torch's signatures, so before they are patched
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing
from torch.utils._pytree import tree_leaves, tree_map
from torch.utils.backend_registration import _setup_privateuseone_for_python_backend

NAME = "far"
DEVICE = torch.device("cpu")  # set by `install`
# what a GPU takes from the CPU as well: copies, and tensors of indices
MIXING = {"aten::copy_", "aten::_to_copy", "aten::index", "aten::index_put", "aten::index_put_"}


class Far(torch.Tensor):
    """A tensor on the device; `near` holds its numbers."""

    @staticmethod
    def __new__(cls, near):
        layout = {"strides": near.stride(), "storage_offset": near.storage_offset(), "dtype": near.dtype}
        made = torch.Tensor._make_wrapper_subclass(cls, near.size(), device=torch.device(NAME, 0), **layout)
        made.near = near
        return made

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return call(func, args, kwargs or {})

    def tolist(self):
        return self.near.tolist()


class Placing(TorchDispatchMode):
    """Makes new tensors where they are asked for."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        concerned = is_far(kwargs.get("device")) or any(isinstance(t, Far) for t in tree_leaves((args, kwargs)))
        return call(func, args, kwargs) if concerned else func(*args, **kwargs)


def call(func, args, kwargs):
    """Runs an operator on the numbers, after a look at where its tensors are."""
    tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
    far = [tensor for tensor in tensors if isinstance(tensor, Far)]
    near = [tensor for tensor in tensors if not isinstance(tensor, Far) and tensor.dim()]
    if far and near and func._schema.name not in MIXING:
        raise RuntimeError(f"{func._schema.name} met tensors of two devices")
    asked = kwargs.get("device")
    inner = {**kwargs, "device": torch.device("cpu")} if asked is not None else kwargs
    unwrapped = tree_map(lambda leaf: leaf.near if isinstance(leaf, Far) else leaf, (args, inner))
    out = func(*unwrapped[0], **unwrapped[1])
    if not (is_far(asked) if asked is not None else far):
        return out
    wrapped = tree_map(lambda leaf: Far(leaf) if type(leaf) is torch.Tensor else leaf, out)
    return return_and_correct_aliasing(func, args, kwargs, wrapped) if far else wrapped


def is_far(device):
    return device is not None and torch.device(device).type == NAME


def install():
    """Makes torch know the device, and sends to it what does not pass through operators."""
    global DEVICE
    _setup_privateuseone_for_python_backend(NAME)
    DEVICE = torch.device(NAME)
    tensor, generator = torch.tensor, torch.Generator

    def make(data, *, device=None, **options):
        return Far(tensor(data, **options)) if is_far(device) else tensor(data, device=device, **options)

    torch.tensor = make
    torch.inference_mode = torch.no_grad  # which has no place for such a tensor
    torch.Generator = lambda device="cpu": generator("cpu" if is_far(device) else device)
    torch.accelerator.synchronize = lambda *_: None


ENTRIES = ("gpt-2", "gemma-2", "mistral-7b", "mixtral", "transformer-xl", "bert", "vit", "t5", "prefix-lm")


def entry(name):
    """Forward with padding, backward and greedy decoding of an entry; its logits are those of the CPU."""
    import catalog
    from variants import build_model, generate, shrink

    spec = shrink(catalog.resolve(name))
    ours, theirs = build_model(spec).to(DEVICE).eval(), build_model(spec).eval()
    draw = torch.Generator().manual_seed(0)
    tokens = ours.embedding.sample(2, 10, draw)
    slots = ours.embedding.length(tokens)
    inputs = {"tokens": tokens, "padding_mask": torch.arange(slots) < torch.tensor([[slots], [slots - 2]])}
    if ours.encoder is not None and ours.decoder is not None:
        inputs["source"] = ours.source_embedding.sample(2, 7, draw)
    out = ours.run(**{key: value.to(DEVICE) for key, value in inputs.items()})
    sum(out.aux.values(), out.logits.square().mean()).backward()
    torch.testing.assert_close(out.logits.near, theirs(**inputs))
    if ours.decoder is not None and ours.decoder.visibility.is_streaming:
        source = inputs["source"].to(DEVICE) if "source" in inputs else None
        start = None if "source" in inputs else tokens.to(DEVICE)
        generate(ours, start, source=source, bos=1, eos=0, max_new_tokens=3)


def mixture():
    """What must be refused."""
    return torch.ones(2, device=DEVICE) + torch.ones(2)


def training_run():
    """A whole run of the main job's first table, with a checkpoint and its result."""
    import tempfile

    from harness import records, sweepfile, train
    from harness.plan import build_plan
    from harness.train import device

    device.BACKENDS[NAME] = lambda: True
    sweep = sweepfile.load("demo", "smoke")
    table = build_plan(replace(sweep, tables=sweep.tables[:1]))["tables"][0]
    run = records.tuning_runs(table, table["baseline"])[0]
    with tempfile.TemporaryDirectory() as folder:
        execution = train.Execution(device=NAME, checkpoint_every=3)
        train.run({**run.spec, "purpose": "reporting"}, Path(folder), lambda event: None, execution)


def benchmark_cases():
    """The toy cases of the GPU benchmark that compute in float32."""
    from benchmarks.measure import clocks
    from benchmarks.measure.deadline import Deadline
    from benchmarks.peers.contest import contest
    from benchmarks.peers.transformers_library import beside_ours
    from benchmarks.stages import STAGES
    from benchmarks.stages.stage import Bench
    from benchmarks.stages.training import TOY_RULES, TOYS

    clocks.CLOCKS[NAME] = clocks.cpu_seconds
    bench = Bench(out=Path(), device=DEVICE, toy=True, deadline=Deadline(5))
    rules = replace(TOY_RULES, precision="float32", compiler=None)
    for name, size in TOYS.items():
        yield f"training {name}", lambda n=name, s=size: contest(beside_ours(n, s), DEVICE, rules, bench.deadline)
    for stage in ("kernels", "decode"):
        for name, run in STAGES[stage].cases(bench):
            if name.endswith(("float32", "float32 padded", "float32 batch 2")):
                yield f"{stage} {name}", run


def main():
    import transformers

    for name in ("GPT2LMHeadModel", "BertForMaskedLM", "T5ForConditionalGeneration"):
        getattr(transformers, name)  # imported before torch is patched
    torch.set_num_threads(1)
    install()
    pieces = [(name, lambda name=name: entry(name)) for name in ENTRIES]
    runs = [("a planted mixture", mixture), ("a training run", training_run)]
    for name, run in [*pieces, *runs, *benchmark_cases()]:
        try:
            with Placing():
                run()
            sys.stdout.write(f"{name}: ok\n")
        except Exception as error:
            sys.stdout.write(f"{name}: {type(error).__name__}: {str(error)[:300]}\n")


if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]
    main()
