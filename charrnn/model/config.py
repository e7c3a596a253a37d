"""The shape of a model: frozen, and checked when it is made."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from charrnn.errors import ConfigError
from charrnn.options import check_options_of, declare, options_of
from charrnn.registry import names_in

if TYPE_CHECKING:  # NumPy is imported where it is used: the command line reads the options above all
    import numpy as np

    from charrnn.text.vocabulary import Vocabulary

PRECISIONS = ("float32", "float64", "bf16")
"""Types of parameters and activations; with bf16, the factors of products are rounded to bfloat16."""
RECURRENT_INITS = ("uniform", "orthogonal")
SMOOTHINGS = ("kneser-ney", "witten-bell")
MODELS = ("rnn", "tdnn", "ngram")
"""A recurrent network, a network that sees the last characters alone, and counts."""

NETWORKS, RECURRENT = ("rnn", "tdnn"), ("rnn",)

HIGHEST_ORDER = 20

LARGEST_EMBEDDING = 256
"""Widest embedding that is chosen without being asked for."""

GROUP = "Model"

of_model = partial(declare, group=GROUP)


@dataclass(frozen=True)
class ModelConfig:
    """A model's shape; everything that its parameters' shapes and its equations depend on.

    Each kind of model has options of its own, and those of the others keep their defaults.

    Raises:
        ConfigError: a value is out of range.
    """

    vocab_size: int
    """V."""
    model: str = of_model(
        "rnn",
        "A recurrent network, a network that sees the last characters alone, or counts, which need one pass only.",
        choices=lambda: MODELS,
    )
    cell: str = of_model("lstm", "Recurrent cell.", choices=lambda: names_in("cells"), models=RECURRENT)
    hidden_size: int = of_model(512, "Units of each layer.", least=1, models=NETWORKS)
    num_layers: int = of_model(1, "Layers.", least=1, models=RECURRENT)
    embedding_size: int = of_model(
        -1,
        "Embedding width; 0 feeds one-hot vectors.",
        shown_default="the vocabulary's size, at most 256",
        least=0,
        models=NETWORKS,
    )
    tie_embedding: bool = of_model(
        False,
        "Use the embedding as the output's matrix, too (Press and Wolf 2017); it is as wide as a layer then.",
        negatable=True,
        models=RECURRENT,
    )
    skip_connections: bool = of_model(
        False, "Connect the input to every layer, and every layer to the output (Graves 2013).", models=RECURRENT
    )
    learn_initial_state: bool = of_model(False, "Learn the state before the first character.", models=RECURRENT)
    context_size: int = of_model(10, "Characters that a tdnn sees.", metavar="N", least=1, models=("tdnn",))
    order: int = of_model(
        8,
        "Order of an n-gram model, which sees N - 1 characters.",
        metavar="N",
        least=1,
        most=HIGHEST_ORDER,
        models=("ngram",),
    )
    smoothing: str = of_model(
        "kneser-ney",
        "How an n-gram model mixes long contexts and short ones.",
        choices=lambda: SMOOTHINGS,
        models=("ngram",),
    )
    dropout: float = of_model(
        0.0,
        "Probability of a zero between layers and before the output, in training.",
        least=0,
        below=1,
        retrained=True,
        models=NETWORKS,
    )
    recurrent_init: str = of_model(
        "uniform", "How recurrent weights start.", choices=lambda: RECURRENT_INITS, models=RECURRENT
    )
    precision: str = of_model(
        "float32",
        "Type of parameters and activations; bf16 rounds the factors of products and needs AVX-512 BF16.",
        choices=lambda: PRECISIONS,
        retrained=True,
    )
    end_symbol: bool = False
    """Whether the last of the V symbols ends a document: it is read from the state before the first character."""

    @classmethod
    def of(cls, vocabulary: Vocabulary, **options: Any) -> ModelConfig:
        """The config of a model of that vocabulary."""
        return cls(len(vocabulary), end_symbol=bool(vocabulary.documents), **options)

    def __post_init__(self) -> None:
        if self.model in MODELS:
            self._check_owned()
        check_options_of(self, MODEL_OPTIONS)
        if not isinstance(self.vocab_size, int) or isinstance(self.vocab_size, bool) or self.vocab_size < 1:
            raise ConfigError(f"vocab_size must be a whole number of at least 1, not {self.vocab_size!r}")
        if not isinstance(self.end_symbol, bool):
            raise ConfigError(f"end_symbol must be true or false, not {self.end_symbol!r}")
        self._choose_embedding()
        if self.precision == "bf16" and self.model != "rnn":
            raise ConfigError(f"precision bf16 is not for model {self.model}: choose float32")

    def _check_owned(self) -> None:
        for name in MODEL_OPTIONS:
            if not self._owns(name) and getattr(self, name) != MODEL_OPTIONS[name].default:
                raise ConfigError(f"model {self.model} has no {name}: leave it out")
        if self.end_symbol and self.model != "rnn":
            raise ConfigError(f"model {self.model} has no end_symbol: leave it out")

    def _choose_embedding(self) -> None:
        if self._owns("embedding_size") and self.embedding_size == -1:
            chosen = self.hidden_size if self.tie_embedding else min(self.vocab_size, LARGEST_EMBEDDING)
            object.__setattr__(self, "embedding_size", chosen)
        if self.tie_embedding and self.embedding_size != self.hidden_size:
            raise ConfigError(
                f"a tied embedding is as wide as a layer, {self.hidden_size}, not {self.embedding_size}: leave "
                "embedding_size out"
            )

    def _owns(self, name: str) -> bool:
        """Whether the model has a field."""
        if name == "end_symbol":
            return self.model in RECURRENT
        return name == "vocab_size" or self.model in (MODEL_OPTIONS[name].models or MODELS)

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
        import numpy as np

        return np.dtype("float64" if self.precision == "float64" else "float32")

    @property
    def packed_dtype(self) -> np.dtype[Any]:
        """Type of packed factors."""
        from charrnn.kernels.operands import PAIRS

        return PAIRS if self.precision == "bf16" else self.dtype

    @property
    def end(self) -> int:
        """The id of the end symbol; -1 where there is none."""
        return self.vocab_size - 1 if self.end_symbol else -1

    def trainable(self) -> ModelConfig:
        """The same model in a precision in which this processor can train it: bf16 becomes float32 where it must."""
        from charrnn.kernels.processor import BFLOAT16

        return self if self.precision != "bf16" or BFLOAT16 else replace(self, precision="float32")

    def require_trainable(self) -> None:
        """Raise unless this processor can train in this precision.

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
        from charrnn.cells.contract import find_cell

        return find_cell(self.cell).gates * self.hidden_size

    def to_dict(self) -> dict[str, Any]:
        """The fields that the model has, as JSON can hold them."""
        return {name: value for name, value in asdict(self).items() if self._owns(name)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> ModelConfig:
        """The config that ``to_dict`` gave.

        Raises:
            ConfigError: a field is unknown, missing or out of range.
        """
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown or "vocab_size" not in values:
            raise ConfigError(f"not a model's config: {', '.join(sorted(unknown)) or 'vocab_size is missing'}")
        return cls(**values)


MODEL_OPTIONS = options_of(ModelConfig)
