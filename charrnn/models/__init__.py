"""The kinds of models: one folder, one kind, put together from layers.

A folder's ``__init__`` defines ``KIND``, a ``charrnn.kinds.kind.Kind``: its options, batches, metrics and cost, and how
it is loaded, trained, scored and sampled. Nothing outside a folder knows its kind by name.
"""
