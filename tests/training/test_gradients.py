import pytest

from charrnn.model.config import ModelConfig
from charrnn.model.tdnn import TDNNParameters
from charrnn.model.workers import Workers
from charrnn.training.bptt import TruncatedBPTT
from charrnn.training.gradients import learner_of, new_parameters
from charrnn.training.tdnn import TDNNGradient


@pytest.mark.parametrize(("model", "kind"), [("rnn", TruncatedBPTT), ("tdnn", TDNNGradient)])
def test_each_model_has_its_learner(model, kind):
    parameters = new_parameters(ModelConfig(5, model, hidden_size=4)).initialise(0)
    assert isinstance(parameters, TDNNParameters) == (model == "tdnn")
    learner = learner_of(parameters, Workers(), 3, 2)
    assert type(learner) is kind
    assert learner.network.parameters is parameters
    assert learner.gradient.vector.shape == parameters.vector.shape
