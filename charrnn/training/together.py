"""How a trainer works together with trainers of the same run in other processes.

``Together`` is the interface, and what a trainer that is alone uses: its methods return what they are given.
``charrnn.distributed`` has the others.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from charrnn.errors import ConfigError
from charrnn.kernels.arrays import Array
from charrnn.text.batches import Batch
from charrnn.text.corpus import Corpus
from charrnn.training.settings import TrainingSettings
from charrnn.workers import available_threads

_T = TypeVar("_T")

TensorMap = Mapping[str, Array]


class Wishes(NamedTuple):
    """What a process would do next, on its own clock.

    Attributes:
        seconds: seconds that the run has taken.
        save: whether to save.
        stop: whether to end the run, as an interrupt asks for.
    """

    seconds: float
    save: bool
    stop: bool


class Together:
    """The processes of a run, of which this is the only one.

    Each process has a copy of the model, and some rows of each batch. All call the same methods in the same order,
    except for ``gathered``.

    Attributes:
        processes: number of processes.
        rank: number of this process, from 0; process 0 validates and saves.
        rate_factor: factor of the learning rate in this process.
    """

    processes = 1
    rank = 0
    rate_factor = 1.0

    def threads(self) -> int:
        """Number of cores for this process."""
        return available_threads()

    def begin(self, settings: TrainingSettings) -> "Together":
        """Return the processes as they work together in a run with these settings.

        Raises:
            ConfigError: the settings do not fit the number of processes.
        """
        if settings.sync_every:
            raise ConfigError(
                f"sync_every must be 0 in a single process, not {settings.sync_every}: "
                "start several with mpirun and --distributed"
            )
        return self

    def resumes(self, header: Mapping[str, Any]) -> tuple[str, ...]:
        """Return notes on resuming from a checkpoint with this header.

        Raises:
            ConfigError: only as many processes as before can resume the run.
        """
        before = header.get("processes", 1)
        if before == self.processes:
            return ()
        if header["settings"].get("sync_every"):
            raise ConfigError(
                f"processes must be {before}, as before, to resume a run with sync_every, not {self.processes}: "
                f"start them with mpirun -n {before} and --distributed"
            )
        return (
            f"processes were {before} and are {self.processes} from here on: the run goes on, but sums are rounded "
            "differently",
        )

    def tell(self, what: str, *facts: Any) -> None:
        """Tell processes other than 0 what to take part in; see ``charrnn.distributed.follower``."""

    def share_corpus(self, caches: tuple[Path, ...], corpus: Corpus | None) -> Corpus | None:
        """Give the text, which one of the caches holds, to all processes."""
        return corpus

    def each(self, work: Callable[[], _T]) -> _T:
        """Let each process do ``work``; if it fails in one, the first failure is raised in all."""
        return work()

    def first(self, work: Callable[[], _T]) -> _T:
        """Let process 0 do ``work``; returns its result, or raises its failure, in all."""
        return work()

    def streams(self, batch_size: int) -> int:
        """Number of rows of a batch that this process has."""
        return batch_size

    def rows(self, batch: Batch) -> Batch:
        """The rows of a batch that this process has."""
        return batch

    def dropout_seed(self, seed: int, batch_size: int) -> int:
        """The seed with which this process drops what one process with the whole batch would drop."""
        return seed

    def whole_rounds(self, steps: int) -> int:
        """Round up to a number of steps after which all processes have the same parameters."""
        return steps

    def mean(self, loss: float, gradient: Array, own: Batch, batch: Batch) -> float:
        """Turn the gradient of the own rows' mean loss into that of the whole batch, in place; returns its mean loss.

        Between two rounds of local steps, the loss and the gradient of the own rows are left as they are.
        """
        return loss

    def agree(self, step: int, wishes: Wishes, ends: bool, parameters: Array) -> tuple[Wishes, bool]:
        """Decide what to do before the next step, by the clock of process 0; after a round, average the parameters.

        Args:
            step: number of steps that are done.
            wishes: of this process.
            ends: whether the run's steps are done.
            parameters: (N,), changed in place.

        Returns:
            The decision, and whether the parameters have changed.
        """
        return wishes, False

    def gather(self, tensors: TensorMap) -> None:
        """Collect all processes' tensors in process 0; ``gathered`` returns them until the next step."""

    def gathered(self, tensors: TensorMap) -> dict[str, Array]:
        """The tensors of the whole run: in process 0 those last gathered, in others none."""
        return dict(tensors)

    def scatter(self, tensors: TensorMap) -> TensorMap:
        """The part of this process of the whole run's tensors, which process 0 gives; the opposite of ``gathered``."""
        return tensors

    def header(self) -> dict[str, Any]:
        """What the header of a checkpoint says about the processes, as JSON values."""
        return {}

    def notes(self) -> tuple[str, ...]:
        """Notes for the user."""
        return ()


ALONE = Together()
