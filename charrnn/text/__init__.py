"""Text: read a corpus, number its characters, cut it into windows, or generate one.

Nothing here depends on kernels or models. ``generate``, ``folders``, ``sources``, ``escapes`` and ``surrogates`` do not
import NumPy, so that the command line starts fast.
"""
