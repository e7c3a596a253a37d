"""The models: their shape (``config``), what they provide (``contract``), and what each one learns and computes.

``network`` and ``parameters`` are the recurrent network; ``tdnn`` and ``ngram``, on ``contexts``, see no more than the
last characters.
"""
