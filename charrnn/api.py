"""The Python API: the commands' powers under the same names."""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from charrnn.errors import ConfigError
from charrnn.kernels.draw import generator
from charrnn.model.config import ModelConfig
from charrnn.model.header import model_of
from charrnn.model.network import Network
from charrnn.model.parameters import Parameters
from charrnn.model.workers import Workers, available_threads
from charrnn.sampling import sample_ids
from charrnn.scoring import Score, score
from charrnn.storage.checkpoint import load_checkpoint
from charrnn.storage.run import find_checkpoint
from charrnn.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from charrnn.training.events import Event


def train(*corpus: str | Path, **options: Any) -> "Iterator[Event]":
    """Train a model; yields events (see ``charrnn.training.events``) and saves checkpoints as they fall due.

    Args:
        corpus: files, folders, or "-" for standard input.
        options: those of ``charrnn train``, with underscores: ``name``, ``checkpoints``, ``resume``, ``overwrite``,
            ``threads``, ``encoding``, ``as_bytes``, and all fields of ``ModelConfig`` and ``TrainingSettings``, for
            example ``hidden_size=128, minutes=2``.

    Raises:
        CharrnnError: the text, an option, the run's folder or the checkpoint is not fit.
    """
    from charrnn.job import open_job  # sampling starts faster without it

    return open_job([str(source) for source in corpus], **options).events()


def load(
    target: str | Path | None = None, *, checkpoints: str | Path = "checkpoints", threads: int | None = None
) -> "Model":
    """Load a trained model.

    Args:
        target: a checkpoint file, a run's folder or name; None takes the newest run.
        checkpoints: folder that holds the runs.
        threads: how many threads score a text; all cores if not given.

    Raises:
        RunError: there is no such run.
        CheckpointError: the file is not a checkpoint of ours, or is damaged.
    """
    return Model.load(find_checkpoint(None if target is None else str(target), Path(checkpoints)), threads=threads)


class Model:
    """A trained model.

    Attributes:
        config: its shape.
        vocabulary: its characters.
        parameters: its tensors.
    """

    def __init__(self, parameters: Parameters, vocabulary: Vocabulary, *, threads: int | None = None) -> None:
        self.config: ModelConfig = parameters.config
        self.vocabulary = vocabulary
        self.parameters = parameters
        if threads is not None and threads < 1:
            raise ConfigError(f"threads must be at least 1, not {threads}")
        self._network = Network(parameters, Workers(threads or available_threads()))

    @classmethod
    def load(cls, path: Path, *, threads: int | None = None) -> "Model":
        """The model in a checkpoint file; see ``charrnn.load``."""
        checkpoint = load_checkpoint(path)
        config, vocabulary = model_of(checkpoint.header)
        return cls(Parameters(config.runnable()).load_tensors(checkpoint.tensors), vocabulary, threads=threads)

    def symbols(self, text: str | bytes) -> str:
        """The text as the model reads it: a model of bytes reads each byte as the character of that number."""
        if self.vocabulary.unit == "byte":
            return (text.encode() if isinstance(text, str) else text).decode("latin-1")
        if isinstance(text, bytes):
            raise ConfigError("this model reads characters, not bytes: decode the text first")
        return text

    def stream(
        self, seed: str | bytes = "", *, length: int = 500, temperature: float = 0.8, rng_seed: int | None = None
    ) -> Iterator[str]:
        """Draw ``length`` characters that continue ``seed``, each as soon as it is drawn.

        Args:
            seed: the prefix. Without one, the model reads a newline (or its first character) before it draws.
            length: how many, 0 or more.
            temperature: divides the logits; below 1 the text is safer, 0 takes the most probable character.
            rng_seed: of the random generator; drawn anew if not given.

        Raises:
            VocabularyError: the seed holds a character that the model has never seen.
            ConfigError: the length or the temperature is out of range.
        """
        prefix = self.symbols(seed) or ("\n" if "\n" in self.vocabulary else self.vocabulary.symbols[0])
        random = generator(secrets.randbits(63) if rng_seed is None else rng_seed)
        ids = sample_ids(self._network, self.vocabulary.encode(prefix), length, temperature, random)
        return (self.vocabulary.symbols[i] for i in ids)

    def sample(
        self, seed: str | bytes = "", *, length: int = 500, temperature: float = 0.8, rng_seed: int | None = None
    ) -> str:
        """``seed`` and ``length`` characters that continue it; see ``stream``.

        Of a model of bytes, the result is decoded as UTF-8; what is not becomes the replacement character.
        """
        drawn = "".join(self.stream(seed, length=length, temperature=temperature, rng_seed=rng_seed))
        if self.vocabulary.unit == "byte":
            return (self.symbols(seed) + drawn).encode("latin-1").decode("utf-8", "replace")
        return self.symbols(seed) + drawn

    def score(self, text: str | bytes) -> Score:
        """Bits per character of a text of at least two characters.

        Raises:
            VocabularyError: the text holds a character that the model has never seen.
            CorpusError: the text is too short.
        """
        return score(self._network, np.asarray(self.vocabulary.encode(self.symbols(text))))
