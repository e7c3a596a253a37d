"""The configs of models: frozen dataclasses that check their values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from charrnn.errors import CheckpointError, ConfigError
from charrnn.options import Option, check_options_of, declare, options_of
from charrnn.registry import find, is_ours, modules_in, names_in

if TYPE_CHECKING:  # NumPy is imported where it is used, as the command line mostly needs only the options
    import numpy as np

    from charrnn.kinds.kind import Kind
    from charrnn.text.vocabulary import Vocabulary

PRECISIONS = ("float32", "float64", "bf16")
"""Types of parameters and activations; bf16 is float32 whose matrix products round their factors to bfloat16."""

LARGEST_EMBEDDING = 256
"""Largest default embedding width."""

of_model = partial(declare, group="Model")


TEXT = "text"
"""The task of models that write text."""


@cache
def _loaded() -> tuple[dict[tuple[str, str], Kind], dict[str, ConfigError]]:
    """All kinds of models, by task and name; and by name, why a kind of another package cannot be loaded."""
    from charrnn.kinds.kind import Kind

    found: dict[tuple[str, str], Kind] = {}
    broken: dict[str, ConfigError] = {}
    for name, module in modules_in("models").items():
        try:
            kind = find("models", "kind", name)
            if not isinstance(kind, Kind):
                raise ConfigError(
                    f"KIND of {module} must be a charrnn.kinds.kind.Kind, not {kind!r}: correct that package"
                )
            found |= {(task, kind.name): kind for task in kind.tasks}
        except ConfigError as error:
            if is_ours(module):
                raise
            broken[name] = error
    ours_first = sorted(found.items(), key=lambda item: not is_ours(type(item[1]).__module__))
    return dict(sorted(ours_first, key=lambda item: item[0][0] != TEXT)), broken


def kinds() -> dict[tuple[str, str], Kind]:
    """All kinds of models, by task and name; those of other packages only if they can be loaded."""
    return _loaded()[0]


def find_kind(name: str, task: str = TEXT) -> Kind:
    """Find the kind that has this name and does this task.

    Raises:
        ConfigError: no kind has that name, or it cannot be loaded.
    """
    found, broken = _loaded()
    if name in broken:
        raise broken[name]
    if (task, name) not in found:
        names = [name for of, name in found if of == task]
        if not names:
            tasks = dict.fromkeys(task for task, _ in found)
            raise ConfigError(f"unknown task {task!r}: choose one of {', '.join(tasks)}")
        of_task = "" if task == TEXT else f" for task {task}"
        raise ConfigError(f"unknown model {name!r}{of_task}: choose one of {', '.join(names)}")
    return found[task, name]


def model_option(name: str) -> Any:
    """Declare the option ``model`` on the config of the kind ``name``."""
    return of_model(
        name,
        "Kind of model",
        choices=lambda: (*dict.fromkeys(name for _, name in kinds()), *_loaded()[1]),  # a broken one raises its error
    )


TASK_HELP = (
    "What the model learns: text writes more of a text; label names the class of a row; conditional writes text for a "
    "label; series forecasts numbers; accents, case, spaces and typos each correct what their name says; pairs turns "
    "one text into another."
)


def task_option(task: str) -> Any:
    """Declare the option ``task`` on the config of a kind whose first task is this one."""
    return of_model(task, TASK_HELP, choices=lambda: [*dict.fromkeys(task for task, _ in kinds())])


def columns_option() -> Any:
    """Declare the option ``columns`` on the config of a kind that learns from rows."""
    return declare(
        "1,2",
        "Numbers of the TSV columns that hold the input, the target and, if given, features.",
        "Data",
    )


def kind_of(options: Mapping[str, Any]) -> Kind:
    """Find the kind of model that these options choose.

    Raises:
        ConfigError: no kind has the name that the options give.
    """
    return find_kind(options.get("model", ModelConfig.model), options.get("task", TEXT))


@dataclass(frozen=True)
class ModelConfig:
    """A model's shape: everything that its equations and the shapes of its parameters depend on.

    Each kind of model has a subclass with its own options.

    Raises:
        ConfigError: a value is out of range.
    """

    vocab_size: int
    """V, the number of symbols."""
    task: str = task_option(TEXT)
    model: str = model_option("rnn")
    precision: str = of_model(
        "float32",
        "Type of parameters and activations; with bf16, matrix products are less exact and need half the "
        "memory; it requires a CPU with AVX-512 BF16.",
        choices=lambda: PRECISIONS,
        retrained=True,
    )
    end_symbol: bool = False
    """Whether the last of the V symbols ends a document; a model reads it first, from the initial state."""

    def __post_init__(self) -> None:
        check_options_of(self, options_of(type(self)))
        if not isinstance(self.vocab_size, int) or isinstance(self.vocab_size, bool) or self.vocab_size < 1:
            raise ConfigError(f"vocab_size must be a whole number of at least 1, not {self.vocab_size!r}")
        if not isinstance(self.end_symbol, bool):
            raise ConfigError(f"end_symbol must be true or false, not {self.end_symbol!r}")
        if self.end_symbol and not self.kind.documents:
            raise ConfigError(f"model {self.model} has no end_symbol: leave it out")
        if self.precision not in self.kind.precisions:
            raise ConfigError(f"precision {self.precision} is not for model {self.model}: choose float32")

    @property
    def kind(self) -> Kind:
        """The kind of model."""
        return find_kind(self.model, self.task)

    @property
    def title(self) -> str:
        """A short description of the model."""
        return self.kind.title(self)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of parameters and activations."""
        import numpy as np

        return np.dtype("float64" if self.precision == "float64" else "float32")

    @property
    def packed_dtype(self) -> np.dtype[Any]:
        """Type of packed weights."""
        from charrnn.kernels.operands import PAIRS

        return PAIRS if self.precision == "bf16" else self.dtype

    @property
    def end(self) -> int:
        """The id of the end symbol; -1 for a model without one."""
        return self.vocab_size - 1 if self.end_symbol else -1

    def trainable(self) -> Any:
        """The config in a precision in which this CPU can train; float32 replaces bf16 where it cannot."""
        from charrnn.kernels.processor import BFLOAT16

        return self if self.precision != "bf16" or BFLOAT16 else replace(self, precision="float32")

    def require_trainable(self) -> None:
        """Raise unless this CPU can train in ``precision``.

        Raises:
            ConfigError: the CPU cannot train in ``precision``.
        """
        if self != self.trainable():
            raise ConfigError(
                "to train in precision bf16 needs a processor that multiplies bfloat16 (AVX-512 BF16), which this one "
                "does not: choose float32"
            )

    @classmethod
    def declared(cls) -> dict[str, Option]:
        """The options of this kind of model, by name."""
        return options_of(cls)

    @classmethod
    def from_options(cls, vocab_size: int, options: Mapping[str, Any]) -> Any:
        """Make the config of a model of V characters from these options."""
        return cls(vocab_size, **options)

    def to_dict(self) -> dict[str, Any]:
        """The model's fields as JSON values."""
        values = asdict(self)
        if not self.kind.documents:
            del values["end_symbol"]
        if self.task == TEXT:  # left out, as in files that are older than tasks
            del values["task"]
        return values


@dataclass(frozen=True)
class NetworkConfig(ModelConfig):
    """The options of networks, which embed characters and have layers of units."""

    hidden_size: int = of_model(512, "Units per layer.", least=1)
    embedding_size: int = of_model(
        -1,
        "Embedding width; 0 feeds one-hot vectors.",
        shown_default="the vocabulary's size, at most 256",
        least=0,
    )
    dropout: float = of_model(
        0.0,
        "Dropout between layers and before the output.",
        least=0,
        below=1,
        retrained=True,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.embedding_size == -1:
            object.__setattr__(self, "embedding_size", self._chosen_embedding())

    def _chosen_embedding(self) -> int:
        """The default width of the embedding."""
        return min(self.vocab_size, LARGEST_EMBEDDING)


def make_config(vocab_size: int, **options: Any) -> Any:
    """Make the config of a model of V characters; the option ``model`` names its kind.

    Options of other kinds are accepted if they have their default values.

    Raises:
        ConfigError: the kind is unknown, the kind lacks an option, or a value is out of range.
    """
    model, task = options.get("model", ModelConfig.model), options.get("task", TEXT)
    declared = options_of_models()
    holder = find_kind(model, task).config if isinstance(model, str) and isinstance(task, str) else ModelConfig
    own = {field.name for field in fields(holder)} | holder.declared().keys()
    for name in [name for name in options if name not in own]:
        if name not in declared:
            raise ConfigError(f"unknown option {name} in a model's config: leave it out")
        if options[name] != declared[name].default:
            of_task = "" if task == TEXT else f" for task {task}"
            raise ConfigError(f"model {model}{of_task} has no {name}: leave it out")
    return holder.from_options(vocab_size, {name: value for name, value in options.items() if name in own})


def config_for(vocabulary: Vocabulary, **options: Any) -> Any:
    """Make the config of a model that reads this vocabulary; see ``make_config``."""
    return make_config(len(vocabulary), end_symbol=bool(vocabulary.documents), **options)


def config_from(values: Mapping[str, Any]) -> Any:
    """Restore a config from the values of ``to_dict``.

    Raises:
        ConfigError: a field is unknown, missing or out of range.
        CheckpointError: the model or its cell belongs to a package that is not installed.
    """
    if "vocab_size" not in values:
        raise ConfigError("a model's config lacks vocab_size: give it")
    check_installed(values)
    return make_config(**values)


def check_installed(values: Mapping[str, Any]) -> None:
    """Check that a config's kind of model and its cell are installed.

    Raises:
        CheckpointError: one of them belongs to a package that is not installed or cannot be loaded.
    """
    models = [name for _, name in kinds()]
    for role, known in (("model", models), ("cell", names_in("cells"))):
        if isinstance(name := values.get(role), str) and name not in known:
            raise CheckpointError(f"unknown {role} {name!r}: install the package that has it")


def _listed(names: Sequence[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


@cache
def options_of_models() -> dict[str, Option]:
    """The options of all kinds of models, by name; the ``kinds`` of an option are those that have it."""
    merged: dict[str, Option] = {}
    for key, kind in sorted(kinds().items(), key=lambda item: not is_ours(type(item[1]).__module__)):
        for name, option in kind.config.declared().items():
            owners = (*(merged[name].kinds if name in merged else ()), key)
            merged[name] = replace(merged.get(name, option), kinds=owners)
    abouts = dict.fromkeys(f"{kind.name} {kind.about}" for kind in kinds().values() if kind.about)
    merged["model"] = replace(merged["model"], help=f"Kind of model: {', '.join(abouts)}.")
    for name, option in merged.items():
        tasks = [*dict.fromkeys(task for task, _ in option.kinds)]
        if TEXT not in tasks:
            merged[name] = replace(option, help=f"{option.help} For --task {_listed(tasks)}.")
    of_all = options_of(ModelConfig).keys() - {"model", "task"}
    return dict(sorted(merged.items(), key=lambda item: item[0] in of_all))  # options of all kinds come last
