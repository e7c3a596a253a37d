"""The kinds of models: one folder per kind.

A folder's ``__init__`` defines ``KIND``, a ``charrnn.kinds.kind.Kind``: its options, batches, metrics and cost, and how
it is loaded, trained, scored and sampled. No code outside a folder refers to its kind by name.
"""
