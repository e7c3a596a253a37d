import numpy as np
import pytest

from charrnn.errors import CheckpointError
from charrnn.model.config import ModelConfig
from charrnn.model.load import load_model
from charrnn.model.network import Network
from charrnn.model.ngram import NGram
from charrnn.model.parameters import Parameters
from charrnn.model.tdnn import TDNN, TDNNParameters
from charrnn.model.workers import Workers

MODELS = {
    "rnn": lambda: Network(Parameters(ModelConfig(5, hidden_size=6)).initialise(0)),
    "tdnn": lambda: TDNN(TDNNParameters(ModelConfig(5, "tdnn", hidden_size=6)).initialise(0)),
    "ngram": lambda: NGram.count(ModelConfig(5, "ngram"), np.arange(40) % 5),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_from_its_tensors(name):
    model = MODELS[name]()
    loaded = load_model(model.config, model.to_tensors(), Workers())
    assert type(loaded) is type(model)
    x, logits = np.arange(12, dtype=np.int32).reshape(6, 2) % 5, []
    for each in (model, loaded):
        state = each.initial_state(2)
        assert [len(layer) for layer in state] == [len(each.state_names)] * len(state)
        logits.append(each.run(x, None, state, each.space(8, 2)).logits[:, :, :5].copy())
    assert np.array_equal(*logits)
    name = next(iter(model.to_tensors()))
    with pytest.raises(CheckpointError, match="no tensor"):
        load_model(model.config, {k: v for k, v in model.to_tensors().items() if k != name}, Workers())
