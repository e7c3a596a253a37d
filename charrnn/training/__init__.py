"""Training: settings, schedule, truncated backpropagation, and the trainer, a generator of events."""
