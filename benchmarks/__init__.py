"""Speed, next to other libraries: on a CPU, on a CUDA device, and of the training loop."""
