"""Training: options and settings, the plan of a run, and trainers, which are generators of events."""
