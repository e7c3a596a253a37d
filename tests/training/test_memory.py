import subprocess
import sys

import pytest

from charrnn.errors import ConfigError
from charrnn.kinds.config import make_config
from charrnn.models.language.network import LanguageBuffers
from charrnn.optimizers.contract import find_optimizer
from charrnn.training.memory import check_memory
from charrnn.training.settings import TrainingSettings
from charrnn.workers import Workers

STEPS, STREAMS = 50, 9


def sizes(value):
    """Bytes of all arrays in a value, each piece of memory once."""
    found, waiting = {}, [value]
    while waiting:
        item = waiting.pop()
        if hasattr(item, "nbytes"):
            while item.base is not None:
                item = item.base
            found[id(item)] = item.nbytes
        elif isinstance(item, list | tuple):
            waiting += item
    return sum(found.values())


@pytest.mark.parametrize(
    "shape",
    [
        {"hidden_size": 120},
        {"hidden_size": 100, "num_layers": 5, "cell": "gru", "dropout": 0.1},
        {"hidden_size": 130, "num_layers": 2, "cell": "lstm-peephole", "end_symbol": True},
        {"hidden_size": 200, "cell": "rnn", "skip_connections": True, "num_layers": 4, "precision": "float64"},
    ],
)
def test_the_activations_are_those_of_the_workspace(shape):
    config = make_config(90, **shape)
    buffers = LanguageBuffers.allocate(config, STEPS, STREAMS, training=True)
    stack = buffers.stack
    held = sizes([stack.activations, stack.outputs, buffers.logits, stack.before_restart, stack.d_h])
    assert STEPS * STREAMS * config.kind.cost(config).row_bytes() == pytest.approx(held, rel=0.1)


@pytest.mark.parametrize(
    "shape",
    [
        {"hidden_size": 300},
        {"hidden_size": 150, "num_layers": 5, "cell": "gru"},
        {"hidden_size": 150, "num_layers": 3, "skip_connections": True, "embedding_size": 0},
        {"hidden_size": 200, "tie_embedding": True, "precision": "float64"},
        {"model": "tdnn", "hidden_size": 100, "context_size": 30},
        {"model": "tdnn", "hidden_size": 100, "context_size": 8, "embedding_size": 0},
    ],
)
@pytest.mark.parametrize(("optimizer", "copies"), [("adam", 2 + 2 + 3 * 3), ("sgd", 2 + 1 + 3 * 2)])
def test_the_weights_are_those_of_the_network_in_all_copies(shape, optimizer, copies):
    config = make_config(200, **shape)
    kind = config.kind
    parameters = kind.parameters(config)
    network = kind.learner(parameters, Workers(), 1, 1).network
    layers = [network.inputs, network.projection, *([network.stack] if hasattr(network, "stack") else [])]
    matrices = [matrix for layer in layers for matrix in layer.packed]
    packed = sum(matrix.forward.panels.nbytes + matrix.backward.panels.nbytes for matrix in matrices)
    tables = sizes([network.inputs.tables, network.inputs.d_tables])
    held = copies * parameters.vector.nbytes + packed + tables
    states = len(find_optimizer(optimizer).states)
    assert kind.cost(config).weight_bytes(states) == pytest.approx(held, rel=0.1)


@pytest.mark.parametrize(
    ("shape", "settings", "advice"),
    [
        ({"hidden_size": 10**6}, {}, "--hidden-size or --num-layers"),
        ({"hidden_size": 1, "num_layers": 10**9}, {}, "--num-layers, --batch-size or --seq-length"),
        ({"hidden_size": 10**18}, {}, "--hidden-size or --num-layers"),
        ({"embedding_size": 10**10}, {}, "--embedding-size"),
        ({"model": "tdnn", "context_size": 10**10}, {}, "--hidden-size or --context-size"),
        ({"model": "tdnn", "hidden_size": 8, "context_size": 10**8}, {}, "--embedding-size or --context-size"),
        ({"model": "tdnn", "embedding_size": 10**9}, {}, "--embedding-size or --context-size"),
        ({"hidden_size": 10}, {"batch_size": 10**7, "seq_length": 10**7}, "--batch-size or --seq-length"),
    ],
)
def test_what_no_machine_holds_is_refused_with_what_to_do(shape, settings, advice):
    settings = TrainingSettings(**settings)
    wanted = rf"^training this model needs .* GB of memory, more than the .* GB available: choose a smaller {advice}$"
    with pytest.raises(ConfigError, match=wanted):
        check_memory(make_config(90, **shape), settings, settings.seq_length)


LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (4 * 10**9, 4 * 10**9))
from charrnn.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such limits")
@pytest.mark.parametrize("option", ["--hidden-size=9000", "--num-layers=500", "--embedding-size=9000000"])
def test_the_command_says_what_does_not_fit_before_it_takes_memory(corpus, runs, option):
    words = ["train", corpus, "--steps", "1", "--no-plan", "--checkpoints", str(runs), option]
    result = subprocess.run([sys.executable, "-c", LIMITED, *words], capture_output=True, text=True, check=False)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("charrnn: error: training this model needs ")
    assert " more than the 4.0 GB available: choose a smaller --" in line
    assert not runs.exists()
