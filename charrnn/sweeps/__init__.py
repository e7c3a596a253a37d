"""Batch runs: many trainings from one file, each an ordinary run in a process of its own."""
