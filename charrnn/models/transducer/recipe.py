"""Choose a model and its regularisation for a run of minutes on pairs; the constants are measured."""

from charrnn.training.plan import Draft, Speed

HIDDEN_SIZE, EMBEDDING_SIZE = 256, 128

LABEL_SMOOTHING = 0.1

PLANNED_PAIRS_DECAY = 0.1
"""Weight decay."""

PLANNED_PAIRS_DROPOUT = 0.4

LEARNING_RATE = 0.003

VALIDATED = 0.05
"""Part of the rows to validate with: of some thousands each one that is not learned is missed."""

FEW_ROWS = 3000
"""With fewer rows, input feeding learns more from each than it costs."""


def choose_transducer(draft: Draft, speed: Speed) -> float:
    """Choose what the user leaves open; returns the training speed in characters per second."""
    draft.choose(
        hidden_size=HIDDEN_SIZE,
        embedding_size=EMBEDDING_SIZE,
        dropout=PLANNED_PAIRS_DROPOUT,
        label_smoothing=LABEL_SMOOTHING,
        learning_rate=LEARNING_RATE,
        weight_decay=PLANNED_PAIRS_DECAY,
        val_fraction=VALIDATED,
    )
    if len(draft.train.rows) < FEW_ROWS:
        draft.choose(attention="feeding")
    return speed(draft.config, draft.settings)
