import numpy as np
import pytest
import reference

from charrnn.layers.state import copy_state
from charrnn.models.language import network as network_module
from charrnn.models.language.network import LanguageBuffers, Network
from charrnn.sampling.thread_tuner import ThreadTuner
from charrnn.workers import Workers


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("embedding_size", [0, 5, 9])
@pytest.mark.parametrize("hidden_size", [1, 16, 37])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_logits_and_state_equal_the_reference(
    make_parameters, make_window, layers, embedding_size, hidden_size, precision
):
    shape = {"vocab_size": 9, "hidden_size": hidden_size, "num_layers": layers, "embedding_size": embedding_size}
    network = Network(make_parameters(precision=precision, **shape), Workers(2))
    x, _, state = make_window(network, 6, 5)
    wanted, wanted_state, _ = reference.forward(network.parameters.tensors, x, state)
    space = LanguageBuffers.allocate(network.config, 6, 5)
    network.run(x, state, space)
    bound = 1e-12 if precision == "float64" else 1e-5
    np.testing.assert_allclose(space.logits[:, :, :9], wanted, rtol=bound, atol=bound * 10)
    for layer, wanted_layer in zip(state, wanted_state, strict=True):
        for array, wanted_array in zip(layer, wanted_layer, strict=True):
            np.testing.assert_allclose(array, wanted_array, rtol=bound, atol=bound * 10)


def test_refresh_makes_a_changed_parameter_count(make_parameters, make_window):
    network = Network(make_parameters(vocab_size=9, hidden_size=8))
    x, _, state = make_window(network, 4, 3)
    space = LanguageBuffers.allocate(network.config, 4, 3)
    seen = []
    for name in (None, *network.parameters.tensors):
        if name:
            network.parameters[name][:] += 0.1
            network.refresh()
        network.run(x, copy_state(state), space)
        seen.append(space.logits.tobytes())
    assert len(set(seen)) == len(seen)


class Always(ThreadTuner):
    """Lets all threads read together, however short it is."""

    def threads(self, characters):
        return self._most

    def __init__(self, threads):
        super().__init__(threads)
        self._most = threads


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("precision", ["float32", "bf16"])
@pytest.mark.parametrize("given_up", [False, True])
def test_a_team_reads_one_stream_as_one_thread_does(make_parameters, random, monkeypatch, layers, precision, given_up):
    monkeypatch.setattr(network_module, "ThreadTuner", Always)
    if given_up:
        monkeypatch.setattr(network_module, "TEAM_PATIENCE", 0.0)
    parameters = make_parameters(vocab_size=9, hidden_size=100, num_layers=layers, precision=precision)
    x = random.integers(0, 9, (50, 1)).astype(np.int32)
    seen = []
    for threads in (1, 3):
        network = Network(parameters, Workers(threads))
        state, space = network.initial_state(1), network.buffers(20, 1)
        logits = [network.run(x[first : first + 20], state, space).logits[:, :, :9].copy() for first in (0, 20, 40)]
        seen.append([np.concatenate(logits).tobytes(), *(array.tobytes() for layer in state for array in layer)])
    assert seen[0] == seen[1]
