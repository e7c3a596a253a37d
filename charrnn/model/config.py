"""The shape of a model: frozen, and checked when it is made."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from charrnn.cells.contract import find_cell
from charrnn.errors import ConfigError
from charrnn.kernels.operands import PAIRS
from charrnn.kernels.processor import BFLOAT16
from charrnn.text.vocabulary import Vocabulary

PRECISIONS = {"float32": np.float32, "float64": np.float64, "bf16": np.float32}
"""Types of parameters and activations; with bf16, the factors of products are rounded to bfloat16."""
RECURRENT_INITS = ("uniform", "orthogonal")
SMOOTHINGS = ("kneser-ney", "witten-bell")
MODELS = ("rnn", "tdnn", "ngram")
"""A recurrent network, a network that sees the last characters alone, and counts."""

OWNERS = {
    "vocab_size": MODELS,
    "model": MODELS,
    "precision": MODELS,
    "hidden_size": ("rnn", "tdnn"),
    "embedding_size": ("rnn", "tdnn"),
    "dropout": ("rnn", "tdnn"),
    "context_size": ("tdnn",),
    "order": ("ngram",),
    "smoothing": ("ngram",),
}
"""The models that have a field; the fields that are not here belong to the recurrent network."""

HIGHEST_ORDER = 20

LEAST = {"vocab_size": 1, "hidden_size": 1, "num_layers": 1, "embedding_size": 0, "context_size": 1, "order": 1}
LARGEST_EMBEDDING = 256
"""Widest embedding that is chosen without being asked for."""


@dataclass(frozen=True)
class ModelConfig:
    """A model's shape; everything that its parameters' shapes and its equations depend on.

    Raises:
        ConfigError: a value is out of range.
    """

    vocab_size: int
    """V."""
    model: str = "rnn"
    """One of MODELS; each has fields of its own, and the others' keep their defaults."""
    cell: str = "lstm"
    hidden_size: int = 512
    """H, units of each layer."""
    num_layers: int = 1
    """L."""
    embedding_size: int = -1
    """E; 0 feeds one-hot characters to the first layer, -1 chooses V, at most LARGEST_EMBEDDING, or H if it is tied."""
    tie_embedding: bool = False
    """Whether the embedding is the output's matrix, too (Press and Wolf 2017)."""
    dropout: float = 0.0
    """Probability of a zero between layers and before the output, in training."""
    recurrent_init: str = "uniform"
    """How W_hh starts."""
    skip_connections: bool = False
    """Whether the input reaches every layer, and every layer the output (Graves 2013)."""
    learn_initial_state: bool = False
    """Whether the state before the first character is a parameter; else it is zero."""
    context_size: int = 10
    """N, the characters that a tdnn sees."""
    order: int = 8
    """Of an n-gram model: one more than the characters that it sees."""
    smoothing: str = "kneser-ney"
    """How an n-gram model mixes long contexts and short ones."""
    precision: str = "float32"
    end_symbol: bool = False
    """Whether the last of the V symbols ends a document: it is read from the state before the first character."""

    @classmethod
    def of(cls, vocabulary: Vocabulary, **options: Any) -> "ModelConfig":
        """The config of a model of that vocabulary."""
        return cls(len(vocabulary), end_symbol=bool(vocabulary.documents), **options)

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise ConfigError(f"unknown model {self.model!r}: choose one of {', '.join(MODELS)}")
        self._check_owners()
        find_cell(self.cell)
        self._choose_embedding()
        for name, least in LEAST.items():
            value = getattr(self, name)
            if not self._owns(name):
                continue
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ConfigError(f"{name} must be a whole number of at least {least}, not {value!r}")
        if not isinstance(self.dropout, int | float) or not 0 <= self.dropout < 1:
            raise ConfigError(f"dropout must be at least 0 and below 1, not {self.dropout!r}")
        for name in ("tie_embedding", "skip_connections", "learn_initial_state", "end_symbol"):
            if not isinstance(getattr(self, name), bool):
                raise ConfigError(f"{name} must be true or false, not {getattr(self, name)!r}")
        object.__setattr__(self, "dropout", float(self.dropout))  # equal configs are written alike
        if self.order > HIGHEST_ORDER:
            raise ConfigError(f"order must be at most {HIGHEST_ORDER}, not {self.order}")
        if self.precision == "bf16" and self.model != "rnn":
            raise ConfigError(f"precision bf16 is not for model {self.model}: choose float32")
        for name, known in (
            ("precision", tuple(PRECISIONS)),
            ("recurrent_init", RECURRENT_INITS),
            ("smoothing", SMOOTHINGS),
        ):
            if getattr(self, name) not in known:
                raise ConfigError(f"unknown {name} {getattr(self, name)!r}: choose one of {', '.join(known)}")

    def _check_owners(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not self._owns(field.name) and value != field.default:
                raise ConfigError(f"model {self.model} has no {field.name}: leave it out")

    def _choose_embedding(self) -> None:
        if self._owns("embedding_size") and self.embedding_size == -1 and isinstance(self.vocab_size, int):
            chosen = self.hidden_size if self.tie_embedding else min(self.vocab_size, LARGEST_EMBEDDING)
            object.__setattr__(self, "embedding_size", chosen)
        if self.tie_embedding and self.embedding_size != self.hidden_size:
            raise ConfigError(
                f"a tied embedding is as wide as a layer, {self.hidden_size}, not {self.embedding_size}: leave "
                "embedding_size out"
            )

    def _owns(self, name: str) -> bool:
        return self.model in OWNERS.get(name, ("rnn",))

    @property
    def title(self) -> str:
        """The model in a few words."""
        if self.model == "tdnn":
            return f"tdnn of {self.context_size} characters, {self.hidden_size} units"
        if self.model == "ngram":
            return f"ngram of order {self.order}, {self.smoothing}"
        layers = "1 layer" if self.num_layers == 1 else f"{self.num_layers} layers"
        return f"{self.cell}, {layers} of {self.hidden_size}"

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of parameters and activations."""
        return np.dtype(PRECISIONS[self.precision])

    @property
    def packed_dtype(self) -> np.dtype[Any]:
        """Type of packed factors."""
        return PAIRS if self.precision == "bf16" else self.dtype

    @property
    def end(self) -> int:
        """The id of the end symbol; -1 where there is none."""
        return self.vocab_size - 1 if self.end_symbol else -1

    def trainable(self) -> "ModelConfig":
        """The same model in a precision in which this processor can train it: bf16 becomes float32 where it must."""
        return self if self.precision != "bf16" or BFLOAT16 else replace(self, precision="float32")

    def require_trainable(self) -> None:
        """Nothing, where this processor can train in this precision.

        Raises:
            ConfigError: it cannot.
        """
        if self != self.trainable():
            raise ConfigError(
                "to train in precision bf16 needs a processor that multiplies bfloat16 (AVX-512 BF16), which this one "
                "does not; choose float32"
            )

    @property
    def input_layers(self) -> range:
        """The layers that the input reaches: the first, or all."""
        return range(self.num_layers if self.skip_connections else 1)

    @property
    def output_layers(self) -> range:
        """The layers that reach the output: the last, or all."""
        return range(0 if self.skip_connections else self.num_layers - 1, self.num_layers)

    @property
    def gate_width(self) -> int:
        """G: gates x H."""
        return find_cell(self.cell).gates * self.hidden_size

    def to_dict(self) -> dict[str, Any]:
        """The fields that the model has, as JSON can hold them."""
        return {name: value for name, value in asdict(self).items() if self._owns(name)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "ModelConfig":
        """The config that ``to_dict`` gave.

        Raises:
            ConfigError: a field is unknown, missing or out of range.
        """
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown or "vocab_size" not in values:
            raise ConfigError(f"not a model's config: {', '.join(sorted(unknown)) or 'vocab_size is missing'}")
        return cls(**values)
