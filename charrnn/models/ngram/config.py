"""The options of an n-gram model."""

from __future__ import annotations

from dataclasses import dataclass

from charrnn.kinds.config import ModelConfig, model_option, of_model

SMOOTHINGS = ("kneser-ney", "witten-bell")

HIGHEST_ORDER = 20


@dataclass(frozen=True)
class NgramConfig(ModelConfig):
    """An n-gram model's shape; see ``ModelConfig``."""

    model: str = model_option("ngram")
    order: int = of_model(
        8,
        "Order of an n-gram model, which sees N - 1 characters.",
        shown_default="8; 4 with --task label",
        metavar="N",
        least=1,
        most=HIGHEST_ORDER,
    )
    smoothing: str = of_model(
        "kneser-ney", "How an n-gram model combines long contexts and short ones.", choices=lambda: SMOOTHINGS
    )
