"""Choose a model and its regularisation for a run of minutes on pairs. The constants are measured."""

from charrnn.training.plan import Draft, Speed


def choose_transducer(draft: Draft, speed: Speed) -> float:
    """Choose what the user leaves open; returns the training speed in characters per second."""
    return speed(draft.config, draft.settings)
