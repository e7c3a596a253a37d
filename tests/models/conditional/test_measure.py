import math

import numpy as np
import pytest
from labelled import labelled

from charrnn.errors import CorpusError
from charrnn.kinds.config import make_config
from charrnn.models.conditional import measure
from charrnn.models.conditional.batches import conditional_batches
from charrnn.models.conditional.measure import evaluate_given, figures_given, nats_given, validate_given
from charrnn.models.conditional.network import ConditionalLearner, ConditionalNetwork, ConditionalParameters
from charrnn.scoring.streams import score
from charrnn.text.examples import Example, Examples
from charrnn.text.vocabulary import END, Vocabulary
from charrnn.training.settings import TrainingSettings

ROWS = [Example(*row) for row in labelled(30)]
VOCABULARY = Vocabulary("".join(sorted(set("".join(row.given for row in ROWS)))) + END, documents="line")
LABELS = ("High", "Low", "Middle")


@pytest.fixture
def network(random):
    config = make_config(
        len(VOCABULARY), task="conditional", labels=LABELS, label_counts=(10, 10, 10), end_symbol=True, hidden_size=6
    )
    parameters = ConditionalParameters(config).initialise(1)
    for tensor in parameters.tensors.values():
        tensor[:] = tensor + random.normal(0, 0.5, tensor.shape)
    return ConditionalNetwork(parameters)


def nats_of(network, rows):
    texts = [VOCABULARY.encode(row.given) for row in rows]
    return nats_given(network, texts, np.array([network.config.class_of(row.wanted) for row in rows], np.int32))


def test_a_texts_nats_are_those_of_its_labels_model(network):
    for row, nats in zip(ROWS[:6], nats_of(network, ROWS)[:6], strict=True):
        alone = score(network.of_label(row.wanted), VOCABULARY.encode(f"{END}{row.given}{END}"))
        assert alone.nats == pytest.approx(nats, rel=1e-5)
        assert alone.characters == len(row.given) + 1


def test_a_text_is_the_same_alone_and_among_others_and_in_windows(network, monkeypatch):
    together = nats_of(network, ROWS)
    assert [nats_of(network, [row])[0] for row in ROWS] == together.tolist()
    monkeypatch.setattr(measure, "SCORED_STEPS", 3)
    assert nats_of(network, ROWS).tolist() == together.tolist()


def test_batches_hold_the_label_then_the_text_and_its_end(network):
    data = Examples(tuple(ROWS), VOCABULARY, ends=1)
    batches = conditional_batches(network.config, TrainingSettings(batch_size=7, steps=1), data)
    batches.begin_epoch(0)
    assert batches.longest == max(len(row.given) for row in ROWS) + 1
    seen = []
    for number in range(len(batches)):
        batch = batches.batch(number, number)
        for column, length in enumerate(batch.lengths):
            if length:
                text = VOCABULARY.decode(batch.inputs[1 : length + 1, column])
                assert text[0] == END
                assert VOCABULARY.decode(batch.targets[:length, column]) == text[1:] + END
                seen.append((text[1:], LABELS[batch.inputs[0, column]]))
            assert batch.weights[:, column].tolist() == [1] * length + [0] * (len(batch.weights) - length)
    assert sorted(seen) == sorted((row.given, row.wanted) for row in ROWS)
    assert sum(batches.batch(number, 0).characters for number in range(len(batches))) == len(data)


def test_validation_is_the_mean_loss_of_training(network):
    data = Examples(tuple(ROWS), VOCABULARY, ends=1)
    batches = conditional_batches(network.config, TrainingSettings(batch_size=30, steps=1), data)
    batches.begin_epoch(0)
    learner = ConditionalLearner(ConditionalNetwork(network.parameters, training=True), batches.longest, 30)
    loss = learner.loss_and_gradient(batches.batch(0, 0), learner.network.initial_state(30))
    assert validate_given(network, data, lambda: None)["bpc"] == pytest.approx(loss / math.log(2), rel=1e-6)


def test_what_a_label_tells_is_the_mean_pointwise_information():
    """Two labels, whose texts have these probabilities."""
    rows, p = [Example("a", "x"), Example("bc", "y")], np.array([[0.5, 0.1], [0.25, 0.2]])
    found = figures_given(rows, ["x", "y"], -np.log(p), [3, 1])
    without = [0.75 * 0.5 + 0.25 * 0.25, 0.75 * 0.1 + 0.25 * 0.2]
    assert found["given"] == pytest.approx(-math.log2(0.5 * 0.2) / 5)
    assert found["without"] == pytest.approx(-sum(map(math.log2, without)) / 5)
    assert found["told"] == pytest.approx((math.log2(0.5 / without[0]) + math.log2(0.2 / without[1])) / 2)
    assert found["accuracy"] == 0.5


def test_the_evaluation_stands_beside_rivals_and_leaves_out_what_has_no_probability(network):
    text = END.join(f"{row.wanted}\t{row.given}" for row in [*ROWS, Example("ZZ", "Low"), Example("abc", "Higher")])
    found = evaluate_given(network, VOCABULARY, text, Examples(tuple(ROWS), VOCABULARY, ends=1))
    assert found.count == "30 texts; 2 with unknown characters or labels are left out"
    assert list(found.figures) == ["model", "n-gram per label", "n-gram"]
    data = Examples(tuple(ROWS), VOCABULARY, ends=1)
    wanted = validate_given(network, data, lambda: None)["bpc"]
    assert found.figures["model"]["given"] == pytest.approx(wanted, rel=1e-9)
    assert found.figures["n-gram per label"]["accuracy"] == 1
    assert found.figures["n-gram per label"]["told"] > 1
    with pytest.raises(CorpusError, match="labels such as High, Low, Middle"):
        evaluate_given(network, VOCABULARY, "Higher\tabc", None)
