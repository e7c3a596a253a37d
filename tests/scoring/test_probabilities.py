"""Whatever is mixed, filtered or adapted, the probabilities of the next character sum to one over the vocabulary."""

import numpy as np
import pytest
from members import KINDS, V, mixture

from charrnn.api import Model
from charrnn.models.mixture import cache
from charrnn.sampling.batch import settings_for
from charrnn.text.vocabulary import Vocabulary

VOCABULARY = Vocabulary.of("abcdef")
TEXT = "abacadaebacafabbcadefcabade" * 3

MODELS = {name: lambda name=name: KINDS[name]() for name in KINDS} | {
    "mixture": lambda: mixture(("rnn", "tdnn", "ngram")),
    "mixture with a cache": lambda: mixture(("rnn", "ngram"), cached=True),
    "mixture of networks": lambda: mixture(("rnn", "rnn of one layer")),
}


def model_of(name):
    model = Model(MODELS[name](), VOCABULARY)
    assert len(VOCABULARY) == V
    return model


ADAPTS = [name for name in MODELS if name != "ngram"]


@pytest.fixture(autouse=True)
def _often(monkeypatch):
    """Short texts are counted anew, too."""
    monkeypatch.setattr(cache, "RECOUNTED", 30)


def total(model, **how):
    """The sum over all characters of the probability that ``score`` gives each after TEXT."""
    losses = [model.score(TEXT + character, **how).losses[-1] for character in "abcdef"]
    return np.exp(-np.array(losses, np.float64)).sum()


@pytest.mark.parametrize("name", MODELS)
def test_in_score(name):
    model = model_of(name)
    assert total(model) == pytest.approx(1, abs=1e-6)
    assert total(model, one_pass=True) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", ADAPTS)
def test_in_score_of_a_model_that_adapts(name):
    model = model_of(name)
    adaptive = total(model, dynamic=True, dynamic_rate=0.01)
    assert adaptive == pytest.approx(1, abs=1e-6)
    plain = model.score(TEXT * 3).nats
    assert model.score(TEXT * 3, dynamic=True, dynamic_rate=0.01).nats < plain
    assert model.score(TEXT * 3).nats == plain


@pytest.mark.parametrize("rules", [{}, {"temperature": 0.3}, {"top_k": 2}, {"top_p": 0.5}, {"min_p": 0.4}], ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_in_what_is_drawn(name, rules, tmp_path):
    """``sample --probabilities`` shows the model's own probabilities, whatever is filtered."""
    (tmp_path / "read.txt").write_text(TEXT)
    model = model_of(name)
    models = [model] if name not in ADAPTS else [model, model.adapted(tmp_path / "read.txt", rate=0.01)]
    for one in models:
        batch = one.batch("ab", num_samples=2, rng_seed=1)
        for step in batch.steps(settings_for("character", {"length": 20, **rules}), top=V):
            np.testing.assert_allclose(np.exp(step.piece.top_logprobs).sum(axis=1), 1, atol=1e-6)
