"""Summary of a checkpoint, read from its header without loading its tensors."""

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from charrnn.errors import CheckpointError, ConfigError, VocabularyError


@dataclass(frozen=True)
class Overview:
    """Summary of a checkpoint.

    Attributes:
        config: the model's config.
        vocabulary: its ``symbols`` and their ``unit``, and how ``documents`` are split.
        settings: the training's settings.
        corpus: its ``fingerprint`` and ``characters``; for a run, also its ``sources`` and ``encoding``.
        progress: ``steps``, ``epochs`` and ``best_val_bpc``; for a run, also its ``seconds``, else None.
        parameters: number of learned parameters; for an n-gram model, the number of counts. PyTorch's second bias is
            always zero and does not count, except for its block n in a GRU.
        tensors: shape and dtype of each tensor, by name.
    """

    config: dict[str, Any]
    vocabulary: dict[str, str]
    settings: dict[str, Any]
    corpus: dict[str, Any]
    progress: dict[str, Any]
    parameters: int
    tensors: dict[str, tuple[tuple[int, ...], str]]

    @classmethod
    def read(cls, path: Path) -> "Overview":
        """Read the checkpoint at ``path``.

        Raises:
            CheckpointError: The file is not a checkpoint of charrnn, or its header is incomplete.
        """
        from charrnn.kinds.config import check_installed, kind_of
        from charrnn.storage.checkpoint import load_header, stored_shapes
        from charrnn.storage.run import Run
        from charrnn.storage.run_metadata import RunMetadata
        from charrnn.text.vocabulary import Vocabulary
        from charrnn.training.progress import Progress, best_of

        header, tensors = load_header(path), stored_shapes(path)
        metadata = RunMetadata.read(Run(path.parent).metadata)
        origin = {"sources": metadata.sources, "encoding": metadata.encoding} if metadata else {}
        try:
            stored = dict(header["vocabulary"])
            vocabulary = asdict(Vocabulary.restored(header["config"]["vocab_size"], **stored))
            check_installed(header["config"])
            metric = kind_of(header["config"]).metrics[0]
            progress = Progress.from_dict(header["progress"])
            return cls(
                config=dict(header["config"]),
                vocabulary=vocabulary,
                settings=dict(header["settings"]),
                corpus=dict(header["corpus"]) | origin,
                progress={
                    "steps": progress.step,
                    "epochs": float(header["epoch"]),
                    "seconds": metadata.seconds if metadata else None,
                    best_of(metric): progress.best,
                },
                parameters=int(header.get("parameters") or _parameters(tensors)),
                tensors=tensors,
            )
        except (VocabularyError, ConfigError) as error:
            raise CheckpointError(f"{path} is damaged: {error}; use another checkpoint") from error
        except (KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"{path} is damaged: its header lacks {error}; use another checkpoint") from error


def _parameters(tensors: dict[str, tuple[tuple[int, ...], str]]) -> int:
    from charrnn.storage.checkpoint import OF_TRAINING

    return sum(
        math.prod(shape)
        for name, (shape, _) in tensors.items()
        if not name.startswith(OF_TRAINING) and ".bias_hh" not in name
    )
