import numpy as np
import pytest
from members import mixture

from charrnn.errors import CheckpointError, ConfigError
from charrnn.kinds.config import config_for, find_kind, kind_of, kinds, make_config
from charrnn.models.language.network import Network
from charrnn.models.language.parameters import LanguageParameters
from charrnn.models.ngram.counts import NGram
from charrnn.models.tdnn.network import TDNN, TDNNParameters
from charrnn.text.vocabulary import Vocabulary
from charrnn.workers import Workers

MODELS = {
    "rnn": lambda: Network(LanguageParameters(make_config(5, hidden_size=6)).initialise(0)),
    "tdnn": lambda: TDNN(TDNNParameters(make_config(5, model="tdnn", hidden_size=6)).initialise(0)),
    "mixture": lambda: mixture(("rnn", "ngram")),
    "ngram": lambda: NGram.count(make_config(5, model="ngram"), np.arange(40) % 5),
}


def test_the_kinds_are_the_folders_of_models():
    assert sorted(name for task, name in kinds() if task == "text") == sorted(MODELS)
    assert all(kind.name == name and find_kind(name, task) is kind for (task, name), kind in kinds().items())
    assert all(task in kind.tasks for (task, _), kind in kinds().items())
    assert kind_of({}).name == "rnn"
    with pytest.raises(ConfigError, match="unknown model 'hmm': choose one of rnn, mixture, ngram, tdnn"):
        find_kind("hmm")
    with pytest.raises(ConfigError, match="unknown task 'rhyme': choose one of text, "):
        find_kind("rnn", "rhyme")
    with pytest.raises(ConfigError, match="unknown model 'tdnn' for task label: choose one of "):
        find_kind("tdnn", "label")


@pytest.mark.parametrize("name", MODELS)
def test_a_model_comes_back_from_its_tensors(name):
    model = MODELS[name]()
    kind = model.config.kind
    loaded = kind.load(model.config, model.to_tensors(), Workers())
    assert type(loaded) is type(model)
    x, logits = np.arange(12, dtype=np.int32).reshape(6, 2) % 5, []
    for each in (model, loaded):
        state = each.initial_state(2)
        assert [len(layer) for layer in state] == [len(each.state_names)] * len(state)
        logits.append(each.run(x, state, each.buffers(8, 2)).logits[:, :, :5].copy())
    assert np.array_equal(*logits)
    name = next(iter(model.to_tensors()))
    with pytest.raises(CheckpointError, match="no tensor"):
        kind.load(model.config, {k: v for k, v in model.to_tensors().items() if k != name}, Workers())


@pytest.mark.parametrize("name", ["rnn", "tdnn"])
def test_a_learner_trains_the_parameters_that_it_is_given(name):
    config = make_config(5, model=name, hidden_size=4)
    parameters = config.kind.parameters(config).initialise(0)
    learner = config.kind.learner(parameters, Workers(), 3, 2)
    assert learner.network.parameters is parameters
    assert learner.gradient.vector.shape == parameters.vector.shape


def test_only_some_kinds_know_where_documents_end():
    vocabulary = Vocabulary("ab\U0010ffff", documents="line")
    assert config_for(vocabulary).end_symbol
    with pytest.raises(ConfigError, match="model tdnn has no end_symbol: leave it out"):
        config_for(vocabulary, model="tdnn")


def test_only_some_gradients_flow_through_time():
    find_kind("rnn").check_reach()
    with pytest.raises(ConfigError, match="in model tdnn no gradient flows through time"):
        find_kind("tdnn").check_reach()
