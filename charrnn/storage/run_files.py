"""The names of a run's files."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class RunFiles:
    """The paths of a run's files.

    Attributes:
        folder: ``checkpoints/<name>``.
    """

    folder: Path

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def last(self) -> Path:
        """The newest checkpoint, from which training resumes."""
        return self.folder / "last.safetensors"

    @property
    def best(self) -> Path:
        """The checkpoint with the lowest validation loss."""
        return self.folder / "best.safetensors"

    @property
    def mixture(self) -> Path:
        """The best model together with counts, if they gain enough; see ``charrnn.models.mixture``."""
        return self.folder / "mixture.safetensors"

    @property
    def metrics(self) -> Path:
        """The file with a line for each evaluation; see ``charrnn.storage.metrics``."""
        return self.folder / "metrics.jsonl"

    @property
    def samples(self) -> Path:
        """The file with a line for each sample of the training; see ``charrnn.storage.metrics``."""
        return self.folder / "samples.jsonl"

    @property
    def metadata(self) -> Path:
        """The file with facts that do not affect the training; see ``charrnn.storage.run_metadata``."""
        return self.folder / "run.json"

    @property
    def corpus(self) -> Path:
        """The file with the text as ids; see ``charrnn.storage.corpus``."""
        return self.folder / "corpus.safetensors"

    @property
    def member_folders(self) -> tuple[Path, ...]:
        """The folders of further networks of the run; see ``charrnn.member_runs``."""
        return tuple(sorted(path for path in self.folder.glob("member-*") if path.is_dir()))

    @classmethod
    def name_of(cls, checkpoint: Path) -> str:
        """The name of a checkpoint's run, with the step if it is a kept one; of a file outside a run, its own name."""
        run = cls(checkpoint.resolve().parent)
        if checkpoint.name in (run.last.name, run.best.name, run.mixture.name):
            return run.name
        is_kept = any(path.name == checkpoint.name for _, path in run.kept())
        return f"{run.name}-{checkpoint.stem}" if is_kept else checkpoint.stem

    def kept(self) -> list[tuple[int, Path]]:
        """List the kept checkpoints with their steps, oldest first."""
        found = [(re.fullmatch(r"step-(\d+)\.safetensors", path.name), path) for path in self.folder.glob("step-*")]
        return sorted((int(match[1]), path) for match, path in found if match)

    @property
    def files(self) -> tuple[Path, ...]:
        """All files of the run, except the text's cache, which can be built again."""
        kept = (path for _, path in self.kept())
        return self.last, self.best, self.mixture, self.metrics, self.samples, self.metadata, *kept
