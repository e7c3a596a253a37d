"""Parts of networks: one file, one part, with its parameters, its forward pass and its backward pass.

A layer knows arrays and sizes, nothing of texts or tasks. Its methods take the streams ``first`` to ``last`` of a
batch, so that threads share them: forward and backward run for each stream. What sums over all streams (the gradients
of weights) runs after them, each thread making some of the rows. So results are the same for any number of threads.
"""
