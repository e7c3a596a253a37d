"""Layers of networks: one file per layer, with its parameters, its forward pass and its backward pass.

A layer depends on arrays and sizes, not on texts or tasks. Forward and backward take the streams ``first`` to ``last``
of a batch, so that threads can share the streams. Sums over all streams, the gradients of weights, are computed
afterwards; threads share the rows of these sums. So results are the same for any number of threads.
"""
