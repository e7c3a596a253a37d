"""Text: read a corpus, number its characters, cut it into windows, or make one.

Nothing here knows of kernels or models. ``generate``, ``folders``, ``sources``, ``escapes`` and ``surrogates`` do
without numpy, so that the command line can use them at once.
"""
