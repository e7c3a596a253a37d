"""Facts about a run that do not affect its training.

No checkpoint holds them, so that equal runs save equal checkpoints.
"""

import json
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from charrnn.errors import RunError
from charrnn.storage.atomic import reason, write_atomically, writing

NOT_COMPLETE = ("", "interrupted")
"""Values of ``RunMetadata.ended`` for a run whose training is not complete."""


@dataclass(frozen=True)
class RunMetadata:
    """The content of ``run.json``.

    Attributes:
        sources: absolute paths of the texts, or "-" for standard input.
        encoding: the texts' encoding.
        seconds: time that the run has taken up to its last checkpoint.
        save_every: steps between two saves; 0 for about one a minute.
        keep: how many checkpoints before the last one are kept.
        ended: why the run has ended, as in ``charrnn.training.events.Finished``; empty if it has not ended since its
            last checkpoint, None if that is not known, as for runs of older versions.
        counts: whether counts join the best model at the end.
        members: how many networks are trained; see ``charrnn.member_runs``.
        plan: what a plan has chosen, and why, in lines for people; empty for a run without one.
    """

    sources: tuple[str, ...] = ()
    encoding: str = ""
    seconds: float = 0.0
    save_every: int = 0
    keep: int = 0
    ended: str | None = None
    counts: bool = False
    members: int = 1
    plan: tuple[str, ...] = ()

    @property
    def complete(self) -> bool | None:
        """Whether the run has come to its end; None if that is not known."""
        return None if self.ended is None else self.ended not in NOT_COMPLETE

    @classmethod
    def read(cls, path: Path) -> "RunMetadata | None":
        """Read the metadata from a file; None if they are missing or invalid."""
        try:
            values = json.loads(path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise RunError(f"cannot read {path}: {reason(error)}; make it a readable file") from error
        except (ValueError, RecursionError):
            return None
        return cls._checked(values)

    @classmethod
    def _checked(cls, values: Any) -> "RunMetadata | None":
        try:
            metadata, sources = cls(**values), values["sources"]
            texts = (metadata.encoding, *sources, *metadata.plan)
            counts = (metadata.save_every, metadata.keep, metadata.members)
            sound = (
                isinstance(sources, list)
                and isinstance(values.get("plan", []), list)
                and all(isinstance(text, str) and "\0" not in text for text in texts)
                and all(type(count) is int and count >= 0 for count in counts)
                and (metadata.ended is None or isinstance(metadata.ended, str))
                and 0 <= float(metadata.seconds) < math.inf
                and isinstance(metadata.counts, bool)
            )
        except (TypeError, KeyError, ValueError, OverflowError):
            return None
        if not sound:
            return None
        return replace(metadata, sources=tuple(sources), seconds=float(metadata.seconds), plan=tuple(metadata.plan))

    def write(self, path: Path) -> None:
        """Write the metadata to a file, whole or not at all.

        Raises:
            RunError: The file cannot be written.
        """
        with writing(path):
            write_atomically(path, json.dumps(asdict(self), indent=1).encode() + b"\n")
