"""charrnn: train and sample character-level recurrent language models on a CPU.

    for event in charrnn.train("corpus.txt", minutes=2):
        ...
    model = charrnn.load()
    print(model.sample("Four score", length=200))
    print(model.score("Four score and seven years ago").bits_per_character)

The package's parts, lowest first; a part imports only from parts above it in this list:

    errors                          every error that is raised on purpose
    arguments, display              checks of a caller's arguments | text for terminals and shells
    clock, machine                  how long the process has run | its memory and cores
    options, registry               options, declared on fields of dataclasses | cells, optimizers, models by name
    hyperparameters                 hyperparameters of cells and optimizers, as options
    kernels, text                   compiled kernels: arrays in, arrays out | vocabulary, corpus, windows, batches
    workers                         threads that share a kernel's work
    cells, optimizers               one file, one recurrent cell | one file, one update rule
    layers                          one file, one part of a network: its forward and backward pass side by side
    kinds                           the interface of every kind of model
    sampling, scoring               drawing text | bits per character of a text, and passages copied from another
    training, storage               trainers, plans, dynamic evaluation | checkpoints, runs, texts as ids
    models                          one folder, one kind of model, put together from layers
    job, session                    a trainer whose events go into a run's folder | a text drawn and read in turns
    starting                        starting a job: new, from another run's weights, or resumed
    api, sweeps                     the Python API | many trainings from one file, here or on a cluster
    cli                             one file, one command

Importing the package is cheap: NumPy and Numba are loaded when a name is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from charrnn.errors import CharrnnError

if TYPE_CHECKING:
    from charrnn.api import Model, load, novelty, train

__version__ = "0.1.0"
__all__ = ["CharrnnError", "Model", "__version__", "load", "novelty", "train"]


def __getattr__(name: str) -> Any:
    if name in ("Model", "load", "novelty", "train"):
        return getattr(import_module("charrnn.api"), name)
    raise AttributeError(f"module 'charrnn' has no attribute {name!r}")
