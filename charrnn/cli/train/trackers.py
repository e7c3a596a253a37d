"""Sending a run's figures to another program that draws them: ``--log-to``.

The three programs want the same: figures by name (``train/bpc``, ``val/bpc``, ...) at a step. Their packages are no
dependencies, and are imported only if they are asked for.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from importlib import import_module
from typing import TYPE_CHECKING, Any

from charrnn.errors import ConfigError

if TYPE_CHECKING:
    from charrnn.job import TrainingJob
    from charrnn.training.events import Event

TRACKERS = {"tensorboard": ("tensorboardX", "torch.utils.tensorboard"), "trackio": ("trackio",), "wandb": ("wandb",)}
"""By the value of the option, the packages that it may use; the first one found is taken."""

PROJECT = "charrnn"

Log = Callable[[Mapping[str, float], int], None]
"""Function that sends figures of a step."""


def tracked(job: "TrainingJob", events: "Iterator[Event]", program: str) -> "Iterator[Event]":
    """Yield the events, and send the figures of each to a program.

    Raises:
        ConfigError: the program's package is not installed.
    """
    with redirect_stdout(sys.stderr):  # some programs print notes, but standard output carries data only
        log, finish = tracker_for(job, program)
    try:
        for event in events:
            if figures := tracked_figures(event):
                log(figures, event.step)  # type: ignore[union-attr]
            yield event
    finally:
        with redirect_stdout(sys.stderr):
            finish()


def tracked_figures(event: "Event") -> dict[str, float]:
    """The figures of an update or of an evaluation; none of other events.

    An update has those of its batch. Its loss is ``train/...``; the mean loss since the last evaluation is not sent,
    as it follows from these.
    """
    from charrnn.training.events import Evaluated, StepDone

    if isinstance(event, StepDone):
        own = {"learning_rate": event.learning_rate, "grad_norm": event.grad_norm}
        rest = {"chars_per_second": event.chars_per_second, "epoch": event.epoch}
        return {f"train/{name}": value for name, value in {**event.train, **own, **rest}.items()}
    if isinstance(event, Evaluated):
        return {f"val/{name}": value for name, value in event.val.items() if value is not None}
    return {}


def tracker_for(job: "TrainingJob", program: str) -> tuple[Log, Callable[[], None]]:
    """Begin a record of a run in a program; returns functions that send figures and that end the record.

    Raises:
        ConfigError: the program's package is not installed.
    """
    module, name = find_package(program), job.run.name
    if hasattr(module, "SummaryWriter"):
        writer = module.SummaryWriter(str(job.run.folder))
        return lambda figures, step: _write(writer, figures, step), writer.close
    module.init(project=PROJECT, name=name, config=job.trainer.config.to_dict() | job.trainer.settings.to_dict())
    return lambda figures, step: module.log(dict(figures), step=step), module.finish


def _write(writer: Any, figures: Mapping[str, float], step: int) -> None:
    for name, value in figures.items():
        writer.add_scalar(name, value, step)


def find_package(program: str) -> Any:
    """Import the first package of a program that is installed.

    Raises:
        ConfigError: none is.
    """
    for package in TRACKERS[program]:
        try:
            return import_module(package)
        except ImportError:
            continue
    name = TRACKERS[program][0]
    raise ConfigError(f"--log-to {program} needs the package {name}: install it with pip install {name}")
