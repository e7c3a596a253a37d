import numpy as np
import pytest

from charrnn.errors import ConfigError
from charrnn.kinds.config import make_config
from charrnn.models.language.network import Network
from charrnn.models.language.parameters import LanguageParameters
from charrnn.models.language.sampler import Sampler
from charrnn.sampling import batch
from charrnn.sampling.batch import SampleBatch, in_order, settings_for, sub_seed, with_start
from charrnn.sampling.growth import Step
from charrnn.sampling.settings import SamplingSettings
from charrnn.text.vocabulary import END, Vocabulary

VOCABULARY = Vocabulary("abc")
DOCUMENTS = Vocabulary(f"ab{END}", documents="line")


@pytest.fixture(scope="module")
def sampler():
    return Sampler(Network(LanguageParameters(make_config(vocab_size=3, hidden_size=8)).initialise(0)))


def samples(sampler, rng_seed, count, **settings):
    return list(SampleBatch(sampler, VOCABULARY, "ab", rng_seed, count).samples(**settings))


def test_each_sample_is_the_one_that_its_seed_draws_alone(sampler):
    together = samples(sampler, 7, 8, length=40, stop=("ca",))
    assert together[0].rng_seed == 7
    assert len({sample.rng_seed for sample in together}) == 8
    for sample in together:
        (alone,) = samples(sampler, sample.rng_seed, 1, length=40, stop=("ca",))
        assert (alone.text, alone.stop_reason) == (sample.text, sample.stop_reason)
        assert np.array_equal(alone.nats, sample.nats)
    assert [sample.text for sample in samples(sampler, 7, 3, length=40, stop=("ca",))] == [
        sample.text for sample in together[:3]
    ]


def test_more_samples_than_are_drawn_at_once(sampler, monkeypatch):
    wanted = [sample.text for sample in samples(sampler, 7, 7, length=9)]
    monkeypatch.setattr(batch, "MOST_TEXTS", 3)
    assert [sample.text for sample in samples(sampler, 7, 7, length=9)] == wanted
    steps = SampleBatch(sampler, VOCABULARY, "ab", 7, 7).steps(SamplingSettings(length=2))
    assert sorted({step.text for step in steps}) == list(range(7))


def test_bits_per_character_are_those_of_the_shown_text(sampler):
    (sample,) = samples(sampler, 1, 1, length=50)
    assert sample.bits_per_character == pytest.approx(sample.nats.sum() / np.log(2) / 50)
    assert len(sample.nats) == 50
    assert np.isnan(samples(sampler, 1, 1, length=0)[0].bits_per_character)


def test_sub_seeds_are_the_batchs_own_and_then_others_that_json_can_hold():
    seeds = {sub_seed(seed, number) for seed in range(50) for number in range(50)}
    assert len(seeds) == 50 * 50
    assert sub_seed(123, 0) == 123
    assert max(seeds) < 2**53
    assert sub_seed(123, 1) == 2348232616560405  # promised: old samples can be drawn again


def test_no_samples_is_an_error(sampler):
    with pytest.raises(ConfigError, match="num_samples must be a whole number of at least 1, not 0"):
        SampleBatch(sampler, VOCABULARY, "", 1, 0)


def test_steps_come_in_the_order_of_texts():
    arrived = [Step(n, None, 0, reason) for n, reason in [(1, ""), (0, ""), (2, "x"), (0, "x"), (1, ""), (1, "x")]]
    assert [(step.text, step.stop_reason) for step in in_order(iter(arrived), 10)] == [
        (10, ""),
        (10, "x"),
        (11, ""),
        (11, ""),
        (11, "x"),
        (12, "x"),
    ]


def test_stop_texts_are_read_as_the_model_reads():
    assert settings_for("byte", {"stop": ["é"]}).stop == ("Ã©",)
    assert settings_for("character", {"stop": "é"}).stop == ("é",)


def test_a_text_without_a_prefix_begins_a_line_where_the_model_knows_lines():
    assert with_start("", Vocabulary("\nab")) == "\n"
    assert with_start("", VOCABULARY) == "a"
    assert with_start("b", VOCABULARY) == "b"
    assert [with_start(prefix, DOCUMENTS) for prefix in ("", "b")] == [END, END + "b"]


def test_documents_end_by_themselves():
    network = Network(LanguageParameters(make_config(vocab_size=3, hidden_size=8, end_symbol=True)).initialise(0))
    drawn = list(SampleBatch(Sampler(network), DOCUMENTS, "a", 7, 40).samples(length=6, stop=("bb",)))
    assert {sample.stop_reason for sample in drawn} == {"end", "stop", "length"}
    for sample in drawn:
        assert END not in sample.text
        assert "bb" not in sample.text
        assert sample.text.startswith("a")
        assert len(sample.text) == 1 + len(sample.nats) - (sample.stop_reason == "end")
        assert (len(sample.text) == 7) >= (sample.stop_reason == "length")


def test_interrupted_the_texts_after_the_one_that_is_shown_are_left_out(sampler, monkeypatch):
    monkeypatch.setattr("charrnn.sampling.batch.MOST_TEXTS", 2)
    steps = list(
        SampleBatch(sampler, VOCABULARY, "a", 7, 5).steps(SamplingSettings(length=50), interrupted=lambda: True)
    )
    assert [(step.text, step.stop_reason) for step in steps] == [(0, "interrupted")]


@pytest.mark.parametrize("count", [1, 3, 10**12])
def test_seeds_are_made_one_by_one(sampler, count):
    seeds = SampleBatch(sampler, VOCABULARY, "a", 7, count).rng_seeds
    assert len(seeds) == count
    assert seeds[0] == 7
    assert seeds[count - 1] == sub_seed(7, count - 1)
    assert seeds[:2] == [sub_seed(7, number) for number in range(min(2, count))]
