"""Choose a sequence-to-sequence model and its regularisation for a run of given minutes; the constants are measured."""

from charrnn.training.plan import Draft, Speed

PAIRS_MODEL = {"hidden_size": 256, "embedding_size": 128}

PAIRS_REGULARISATION = {"dropout": 0.4, "label_smoothing": 0.1, "weight_decay": 0.1}

PASSES_FOR_ALL = 25.0
"""Passes over the data that need all of the regularisation; fewer need proportionally less."""

PAIRS_RATE = 0.003

PAIRS_VALIDATED = 0.05
"""Fraction of the rows to validate with; small, as these rows are missing in the training part."""

FEW_PAIRS = 3000
"""With fewer rows, input feeding is worth its time, as it learns more from each row."""

OF_FEW_PAIRS = {"attention": "feeding", "dropout": 0.3, "weight_decay": 0.02}

OF_LSTM = {"forget_bias_low": 0.0, "forget_bias_high": 1.0}
"""Range of the LSTM's initial forget biases; high, so that it remembers the whole of a row, which is short."""


def choose_transducer(draft: Draft, speed: Speed) -> float:
    """Choose the options that the user left open; returns the training speed in characters per second."""
    draft.choose(val_fraction=PAIRS_VALIDATED, learning_rate=PAIRS_RATE, **PAIRS_MODEL)
    few = len(draft.train.rows) < FEW_PAIRS
    full = PAIRS_REGULARISATION | (OF_FEW_PAIRS if few else {})
    draft.choose(**full)
    if few and draft.config.cell == "lstm":
        draft.choose(**OF_LSTM)
    throughput = draft.choose_precision(speed, speed(draft.config, draft.settings))
    passes = 60 * draft.settings.minutes * throughput / draft.characters
    if passes < PASSES_FOR_ALL:
        draft.choose(**{name: round(full[name] * passes / PASSES_FOR_ALL, 3) for name in ("dropout", "weight_decay")})
    return throughput
