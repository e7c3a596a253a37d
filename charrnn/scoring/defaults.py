"""Defaults of the ways to score a text; in a module of their own, so that ``--help`` can show them without NumPy."""

SEPARATOR = "="
"""The text between question and answer."""

DYNAMIC_RATE = 2e-4
"""Learning rate of dynamic evaluation."""
