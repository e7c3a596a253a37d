"""Training: options and settings, the plan of a run, batches, and the trainers, which yield events."""
