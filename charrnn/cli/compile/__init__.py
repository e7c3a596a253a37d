"""``charrnn compile``: compile kernels ahead of their first use."""

import time
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

OF_LONGER_PLANS = {"dropout": 0.1, "tie_embedding": True}
"""Options that a plan chooses for longer texts or times."""


@click.command("compile")
@option("--task", multiple=True, default=("text",), help="Compile for this task; repeatable.  [default: text]")
@option("--cell", multiple=True, help="Compile this recurrent cell, too; repeatable.")
@option("--precision", multiple=True, help="Compile for this precision, too; repeatable.")
@option("--optimizer", multiple=True, help="Compile this optimizer, too; repeatable.")
def command(task: tuple[str, ...], **given: tuple[str, ...]) -> None:
    """Compile what training, sampling and predicting need, so that the first run on this machine starts at once.

    Without options, that is what charrnn train needs with its default options, planned or not, and charrnn sample.

    The compiled kernels are kept in the user's cache folder, or below NUMBA_CACHE_DIR if that is set. They serve on
    all equal processors, with the same versions of charrnn and Numba: compile once while a container's image is built.
    """
    import tempfile

    from charrnn.kernels.jit import CACHE_FOLDER

    if not CACHE_FOLDER:
        raise RunError("cannot keep compiled kernels: no cache folder can be written; set NUMBA_CACHE_DIR to one")
    wanted = [[(name, value) for value in values] for name, values in given.items() if values]
    announce_compilation()
    with tempfile.TemporaryDirectory() as folder:
        for name in task:
            planned = use(Path(folder), name, PLANNED)
            use(Path(folder), name, SMALL)
            for precision in trained_precisions(name):
                use(Path(folder), name, planned | OF_LONGER_PLANS | SMALL | {"precision": precision})
            for chosen in product(*wanted):
                use(Path(folder), name, SMALL | dict(chosen))
    say(f"compiled kernels are in {CACHE_FOLDER}")


def trained_precisions(task: str) -> list[str]:
    """The precisions that a plan may choose on this processor."""
    from charrnn.kernels.processor import BFLOAT16

    precisions = kind_of({"task": task}).precisions
    return [precision for precision in ("float32", "bf16")[: 1 + BFLOAT16] if precision in precisions]


def use(folder: Path, task: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """Train a small model, and sample from it or ask it; returns the options that a plan has chosen."""
    from charrnn.api import Model
    from charrnn.starting import open_job
    from charrnn.training.options import MODEL_OPTIONS

    began, kind = time.monotonic(), kind_of({"task": task})
    text = folder / "example.txt"
    text.write_text(kind.example, encoding="utf-8")
    own = kind.config.declared().keys()
    fitting = {
        name: value
        for name, value in chosen.items()
        if name not in kind.lacks and (name in own or name not in MODEL_OPTIONS)
    }
    job = open_job([str(text)], checkpoints=folder, task=task, overwrite=True, **fitting)
    for _ in job.events():
        pass
    compile_for(job.run.last, None)
    model = Model.load(job.run.last)
    if kind.answers and not kind.forecasts:  # the evaluation has forecast
        model.answers([kind.example.partition("\n")[0].partition("\t")[0]])
    elif not kind.answers:
        model.sample(length=20)
    say(f"{task}: {model.config.title}, {model.config.precision}: {time.monotonic() - began:.1f} s")
    return {name: value for name, value in (job.plan.options if job.plan else {}).items() if name in own}
