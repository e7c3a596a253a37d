import numpy as np
import pytest
import reference
from cells.test_lstm import step

from charrnn.errors import CorpusError
from charrnn.models.language import reach as module
from charrnn.models.language.network import Network
from charrnn.models.language.reach import LAGS, REACH_WARM_UP, eigenvalues_of, norms_of, reach_of
from charrnn.workers import Workers


@pytest.mark.parametrize("end_symbol", [False, True])
def test_norms_are_those_of_the_definition(make_parameters, random, monkeypatch, end_symbol):
    monkeypatch.setattr(module, "LAGS", lags := (1, 3, 9))
    parameters = make_parameters(vocab_size=5, hidden_size=3, num_layers=2, precision="float64", end_symbol=end_symbol)
    places = 3
    ids = random.integers(0, 4, REACH_WARM_UP + 9 + places).astype(np.int32)
    ids[[0, 40, REACH_WARM_UP]] = 4  # where it ends documents, the first place's longest lag crosses an end
    norms = norms_of(parameters, ids, Workers())
    for row, lag in enumerate(lags):
        firsts = [text_at(ids, place, lag) for place in range(places)]
        states = [read(parameters, before, Network(parameters).initial_state(1))[1] for before, _ in firsts]
        for kind, name in enumerate("hc"):
            for layer in range(2):
                slopes = [
                    [slope(parameters, after, state, layer, kind, unit) for unit in range(3)]
                    for (_, after), state in zip(firsts, states, strict=True)
                ]
                wanted = np.linalg.norm(slopes, axis=1)
                assert norms[name][row, layer] == pytest.approx(wanted.mean(), rel=1e-9)
                assert (wanted[0] == 0) == (end_symbol and lag == 9)
                assert wanted[1:].all()


def text_at(ids, place, lag):
    """What a place's prediction has read until ``lag`` steps before, and from there to what it predicts."""
    text = ids[place : place + REACH_WARM_UP + 10]
    return text[: len(text) - 1 - lag], text[len(text) - 1 - lag :]


def read(parameters, ids, state):
    """The last logits and the state after some ids; a document begins from zeros."""
    for i in ids:
        if i == parameters.config.end:
            state = Network(parameters).initial_state(1)
        logits, state = reference.run(parameters.tensors, np.array([[i]]), state, step)
    return logits, state


def slope(parameters, ids, state, layer, kind, unit):
    """Derivative of the last prediction's loss by one number of the state."""
    moved = [[array.astype(complex) for array in arrays] for arrays in state]
    moved[layer][kind][0, unit] += 1e-30j
    logits, _ = read(parameters, ids[:-1], moved)
    return reference.mean_loss(logits, ids[-1:, np.newaxis]).imag / 1e-30


def test_eigenvalues_are_those_of_each_gate_the_largest_first(make_parameters):
    parameters = make_parameters(vocab_size=5, hidden_size=2, num_layers=2)
    parameters["rnn.weight_hh_l1"][2:4] = [[0, -3], [3, 0]]
    parameters["rnn.weight_hh_l1"][4:6] = [[1, 0], [0, -2]]
    found = eigenvalues_of(parameters)
    assert [len(gates) for gates in found] == [4, 4]
    assert sorted(found[1][1].imag) == pytest.approx([-3, 3])
    assert found[1][2].tolist() == pytest.approx([-2, 1])


def test_a_short_text_is_an_error_that_says_how_long_it_must_be(make_parameters):
    with pytest.raises(CorpusError, match=f"at least {REACH_WARM_UP + LAGS[-1] + 1} characters, not 30"):
        reach_of(make_parameters(vocab_size=5, hidden_size=2), np.zeros(30, np.int32), Workers())
