"""charrnn: train and sample character-level recurrent language models on a CPU.

    for event in charrnn.train("corpus.txt", minutes=2):
        ...
    model = charrnn.load()
    print(model.sample("Four score", length=200))
    print(model.score("Four score and seven years ago").bits_per_character)

The package's parts, lowest first; a part imports only from parts above it in this list:

    errors           every error that is raised on purpose
    system           calls of the operating system that differ between platforms
    arguments        checks of a caller's arguments
    display          text for terminals and shells
    markup           results as HTML
    clock            how long the process has run
    machine          the machine's memory and cores
    options          options, declared on fields of dataclasses
    registry         cells, optimizers and kinds of models by their names
    hyperparameters  hyperparameters of cells and optimizers, as options
    kernels          compiled functions: arrays in, arrays out
    text             vocabularies, corpora, windows, batches
    workers          threads that share a kernel's work
    compiling        another process that compiles kernels for this one
    cells            recurrent cells, one in each file
    optimizers       update rules, one in each file
    layers           parts of networks: forward and backward pass of one in each file
    kinds            the interface of every kind of model
    sampling         drawing text
    scoring          bits per character of a text, and passages copied from another
    training         trainers, plans, dynamic evaluation
    storage          checkpoints, runs, texts as ids
    models           kinds of models, put together from layers, one in each folder
    mixing           models of runs that predict together, and counts beside them
    member_runs      further networks of a run, to be mixed with the first
    job              a trainer whose events go into a run's folder
    session          a text that is read and drawn in turns
    starting         starting a job: new, from another run's weights, or resumed
    distributed      one training by processes that MPI has started
    following        a job as an iterator with a progress bar
    api              the Python API
    pages            a model as an HTML file and as a JavaScript module
    sweeps           many trainings from one file, here or on a cluster
    exports          formats of other programs, one in each file
    serving          an HTTP server
    cli              the command line, one command in each file

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
