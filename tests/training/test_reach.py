import numpy as np
import pytest
import reference
from cells.test_lstm import step

from charrnn.errors import CorpusError
from charrnn.model.network import Network
from charrnn.model.workers import Workers
from charrnn.training import reach as module
from charrnn.training.reach import LAGS, WARM_UP, eigenvalues_of, norms_of, reach_of


def test_norms_are_those_of_the_definition(make_parameters, random, monkeypatch):
    monkeypatch.setattr(module, "LAGS", lags := (1, 3, 9))
    parameters = make_parameters(vocab_size=5, hidden_size=3, num_layers=2, precision="float64")
    ids = random.integers(0, 5, WARM_UP + 10).astype(np.int32)  # room for one place only
    norms = norms_of(parameters, ids, Workers())
    for row, lag in enumerate(lags):
        split = len(ids) - 1 - lag
        start = Network(parameters).initial_state(1)
        _, state = reference.run(parameters.tensors, ids[:split, np.newaxis], start, step)
        for place, name in enumerate("hc"):
            for layer in range(2):
                wanted = [slope(parameters, ids[split:], state, layer, place, unit) for unit in range(3)]
                assert norms[name][row, layer] == pytest.approx(np.linalg.norm(wanted), rel=1e-9)


def slope(parameters, ids, state, layer, place, unit):
    """Derivative of the last prediction's loss by one number of the state."""
    moved = [[array.astype(complex) for array in arrays] for arrays in state]
    moved[layer][place][0, unit] += 1e-30j
    logits, _ = reference.run(parameters.tensors, ids[:-1, np.newaxis], moved, step)
    return reference.mean_loss(logits[-1:], ids[-1:, np.newaxis]).imag / 1e-30


def test_eigenvalues_are_those_of_each_gate_the_largest_first(make_parameters):
    parameters = make_parameters(vocab_size=5, hidden_size=2, num_layers=2)
    parameters["rnn.weight_hh_l1"][2:4] = [[0, -3], [3, 0]]
    parameters["rnn.weight_hh_l1"][4:6] = [[1, 0], [0, -2]]
    found = eigenvalues_of(parameters)
    assert [len(gates) for gates in found] == [4, 4]
    assert sorted(found[1][1].imag) == pytest.approx([-3, 3])
    assert found[1][2].tolist() == pytest.approx([-2, 1])


def test_a_short_text_is_an_error_that_says_how_long_it_must_be(make_parameters):
    with pytest.raises(CorpusError, match=f"at least {WARM_UP + LAGS[-1] + 1} characters, not 30"):
        reach_of(make_parameters(vocab_size=5, hidden_size=2), np.zeros(30, np.int32), Workers())
