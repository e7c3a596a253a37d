import json

import pytest

from charrnn.errors import CheckpointError
from charrnn.kinds.config import make_config
from charrnn.kinds.header import header_of, model_of
from charrnn.models.language.parameters import LanguageParameters
from charrnn.text.vocabulary import Vocabulary

CONFIG = make_config(3, cell="gru", hidden_size=4)
TENSORS = LanguageParameters(CONFIG).to_tensors()


@pytest.fixture
def header():
    return json.loads(json.dumps(header_of(CONFIG, Vocabulary("abc"))))


def test_a_header_gives_back_the_model_that_it_was_made_of(header):
    config, vocabulary = model_of(header, TENSORS)
    assert config == CONFIG
    assert (vocabulary.symbols, vocabulary.unit) == ("abc", "character")


@pytest.mark.parametrize("name", ["config", "vocabulary"])
@pytest.mark.parametrize("value", [None, [], {}, "x"])
def test_a_damaged_header_is_told(header, name, value):
    with pytest.raises(CheckpointError, match="the checkpoint's header is damaged"):
        model_of({**header, name: value}, TENSORS)


def test_a_vocabulary_of_another_size_is_told(header):
    header["vocabulary"]["symbols"] = "abcd"
    with pytest.raises(CheckpointError, match="a vocabulary of 3 must have as many symbols, not 4"):
        model_of(header, TENSORS)


def test_tensors_that_do_not_fit_are_told(header):
    header["config"]["hidden_size"] = 5
    with pytest.raises(CheckpointError, match="weight_ih_l0 must have shape"):
        model_of(header, TENSORS)


@pytest.mark.parametrize(("part", "name"), [("model", "unigram"), ("cell", "ugrnn")])
def test_a_part_of_a_package_that_is_missing_is_named_and_nothing_is_called_damaged(header, part, name):
    config = {**header["config"], part: name, "update_bias": 1.0}
    with pytest.raises(CheckpointError, match=f"^unknown {part} '{name}': install the package that has it"):
        model_of({**header, "config": config}, TENSORS)
