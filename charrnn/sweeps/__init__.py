"""Sweeps: many trainings from one file, each an ordinary run in its own process."""
