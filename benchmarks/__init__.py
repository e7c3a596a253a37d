"""Benchmarks: speed and memory of charrnn, beside PyTorch's where it is installed.

    python -m benchmarks.train      characters per second of training, and percent of the CPU's measured peak
    python -m benchmarks.kernels    each kernel's percent of peak or time for an element, checked before it is timed
    python -m benchmarks.memory     peak memory of training, beside the formula of docs/engine.md
    python -m benchmarks.scaling    cost as hidden size, layers, window and batch grow

``engines`` holds one file for each engine under test: to add one, add a file. ``shared`` holds what the benchmarks have
in common. README.md in this folder says how to read and how to make the figures.
"""
