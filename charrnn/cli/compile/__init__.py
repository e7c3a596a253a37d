"""``charrnn compile``: compile kernels ahead of their first use."""

import time
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import click

from charrnn.cli.shared.options import option
from charrnn.cli.shared.output import announce_compilation, compile_for, say
from charrnn.errors import RunError
from charrnn.kinds.config import kind_of

SMALL = {"hidden_size": 8, "batch_size": 4, "seq_length": 8, "steps": 2, "eval_every": 2, "plan": False}
"""Options of a run of two steps."""

PLANNED = {"minutes": 0.01}
"""Options of a run whose plan chooses the others."""


@click.command("compile")
@option("--task", multiple=True, default=("text",), help="Compile for this task; repeatable.  [default: text]")
@option("--cell", multiple=True, help="Compile this recurrent cell, too; repeatable.")
@option("--precision", multiple=True, help="Compile for this precision, too; repeatable.")
@option("--optimizer", multiple=True, help="Compile this optimizer, too; repeatable.")
def command(
    task: tuple[str, ...], cell: tuple[str, ...], precision: tuple[str, ...], optimizer: tuple[str, ...]
) -> None:
    """Compile what training, sampling and predicting need, so that the first run on this machine starts at once.

    Without options, that is what charrnn train needs with its default options, planned or not, and charrnn sample.

    The compiled kernels are kept in the user's cache folder, or below NUMBA_CACHE_DIR if that is set. They serve on
    all equal processors, with the same versions of charrnn and Numba: compile once while a container's image is built.
    """
    import tempfile

    from charrnn.kernels.jit import CACHE_FOLDER

    if not CACHE_FOLDER:
        raise RunError("cannot keep compiled kernels: no cache folder can be written; set NUMBA_CACHE_DIR to one")
    announce_compilation()
    with tempfile.TemporaryDirectory() as folder:
        for name in task:
            for number, chosen in enumerate(choices(cell=cell, precision=precision, optimizer=optimizer)):
                began = time.monotonic()
                use(Path(folder), name, f"{name}-{number}", chosen)
                said = ", ".join(f"--{key} {value}" for key, value in chosen.items() if key in CHOSEN) or "defaults"
                say(f"{name}: {said}: {time.monotonic() - began:.1f} s")
    say(f"compiled kernels are in {CACHE_FOLDER}")


CHOSEN = ("cell", "precision", "optimizer")
"""The options that a user can choose here."""


def choices(**wanted: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Yield the options of the runs to compile for: a planned one, the default, and each combination that is wanted."""
    yield PLANNED
    yield SMALL
    given = [[(name, value) for value in values] for name, values in wanted.items() if values]
    yield from (SMALL | dict(chosen) for chosen in product(*given) if chosen)


def use(folder: Path, task: str, name: str, chosen: dict[str, Any]) -> None:
    """Train a small model, and sample from it or ask it."""
    from charrnn.api import Model
    from charrnn.starting import open_job

    kind = kind_of({"task": task})
    text = folder / f"{name}.txt"
    text.write_text(kind.example, encoding="utf-8")
    fitting = {option: value for option, value in chosen.items() if option not in kind.lacks}
    job = open_job([str(text)], checkpoints=folder, name=name, task=task, **fitting)
    for _ in job.events():
        pass
    compile_for(job.run.last, None)
    model = Model.load(job.run.last)
    if kind.forecasts:
        return  # the evaluation has forecast
    if kind.answers:
        model.answers([kind.example.partition("\n")[0].partition("\t")[0]])
    else:
        model.sample(length=20)
