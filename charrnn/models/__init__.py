"""The kinds of models: one folder for each kind.

The ``__init__`` of a folder defines ``KIND``, a ``charrnn.kinds.kind.Kind``. It declares the kind's options, batches,
metrics and cost, and how its models are loaded, trained, scored and sampled. No code outside a folder refers to its
kind by name.
"""
