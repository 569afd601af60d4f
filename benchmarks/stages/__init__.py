"""The stages of the GPU benchmark, one file each, in the order in which they run."""

from benchmarks.stages.certificate import Certificate
from benchmarks.stages.decode import Decode
from benchmarks.stages.kernels import Kernels
from benchmarks.stages.stage import Stage
from benchmarks.stages.sweep import Sweep
from benchmarks.stages.training import Training
from benchmarks.stages.window import Window

EVERY = (Certificate(), Kernels(), Window(), Training(), Decode(), Sweep())
STAGES: dict[str, Stage] = {stage.name: stage for stage in EVERY}
