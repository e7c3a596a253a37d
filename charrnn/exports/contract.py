"""The interface of an export target, and what it exports."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from charrnn.api import Model
from charrnn.kinds.header import model_of
from charrnn.storage.checkpoint import Checkpoint, load_checkpoint
from charrnn.text.vocabulary import Vocabulary


@dataclass(frozen=True)
class Exported:
    """A trained model that is to be exported.

    Attributes:
        path: its checkpoint file, perhaps in a run's folder.
        checkpoint: what the file holds.
        config: the model's shape, a ``charrnn.kinds.config.ModelConfig``.
        vocabulary: its characters.
    """

    path: Path
    checkpoint: Checkpoint
    config: Any
    vocabulary: Vocabulary

    @classmethod
    def read(cls, path: Path) -> "Exported":
        """Read a checkpoint file.

        Raises:
            CheckpointError: the file is not a checkpoint of charrnn, or is damaged.
        """
        checkpoint = load_checkpoint(path)
        return cls(path, checkpoint, *model_of(checkpoint.header, checkpoint.tensors))

    @cached_property
    def model(self) -> Model:
        """The model, to sample from and to score with."""
        return Model.load(self.path)


@dataclass(frozen=True)
class Target:
    """A format that other programs read. Its module also defines ``ABOUT``, what it writes in a few words for the help.

    Attributes:
        files: the content of the files, by their names in the folder that is written; a target that is not a folder
            has one, whose name does not matter. Raises a ConfigError if the target has no form for such a model, or
            needs a package that is missing.
        folder: whether the output is a folder.
    """

    files: Callable[[Exported], Mapping[str, bytes]]
    folder: bool = False
