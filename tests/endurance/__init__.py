"""Trials that take long: the suite runs a few rounds of each, ``python -m endurance.NAME`` in ``tests`` runs many."""
