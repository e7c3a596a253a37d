"""Joint n-gram models of pairs."""

import itertools
import json

import numpy as np
import pytest
from click.testing import CliRunner
from jobs import train

from charrnn.api import load
from charrnn.cli.shared.group import group
from charrnn.errors import CheckpointError, ConfigError, CorpusError
from charrnn.kinds.config import make_config
from charrnn.models.label_ngram.counts import text_nats
from charrnn.models.pair_ngram.config import PairNgramConfig
from charrnn.models.pair_ngram.counts import IMPOSSIBLE, KEYS, LOGP, PairNgrams, fitted_pair_counts
from charrnn.models.pair_ngram.units import MOST_CELLS, learn_units
from charrnn.models.transducer.answers import Coder
from charrnn.models.transducer.data import Pairs
from charrnn.storage.checkpoint import load_checkpoint
from charrnn.text.examples import Example
from charrnn.text.vocabulary import END, Vocabulary
from charrnn.workers import Workers

SPELT = {"a": "A", "b": "B B", "c": "C", "d": "D", "sh": "S", "e": ""}
COUNTED = {
    **dict.fromkeys(("hidden_size", "batch_size", "seq_length", "steps")),
    "task": "pairs",
    "model": "ngram",
    "symbols": "space",
}


def spelt(count, seed=0):
    """Pairs of a word and its sounds: sh is one sound, b two, and e none."""
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        pieces = ["a", *random.choice([*SPELT], random.integers(1, 5))]
        rows.append(("".join(pieces), " ".join(SPELT[piece] for piece in pieces if SPELT[piece])))
    return rows


@pytest.fixture(scope="module")
def model():
    rows = tuple(Example(given, wanted) for given, wanted in spelt(150))
    vocabulary = Vocabulary("abcdehs" + END, documents="line")
    config = PairNgramConfig(len(vocabulary), end_symbol=True, order=4, symbols="space", targets=tuple("ABCDS"))
    return PairNgrams.count(config, Pairs(rows, vocabulary, symbols="space"), Workers(1)), vocabulary


def ids_of(model, vocabulary, rows):
    coder = Coder(model.config, vocabulary)
    examples = [Example(given, wanted) for given, wanted in rows]
    return [coder.given_ids(row) for row in examples], [coder.wanted_ids(row)[:-1] for row in examples]


def test_units_are_the_pieces_that_belong_together(model):
    ngrams, vocabulary = model
    symbols = ["".join(vocabulary.symbols[at] for at in given) for given, _ in ngrams.units.pieces()]
    answers = [" ".join(ngrams.config.targets[at - 1] for at in answer) for _, answer in ngrams.units.pieces()]
    assert {("b", "B B"), ("sh", "S"), ("e", ""), ("a", "A")} <= set(zip(symbols, answers, strict=True))


def test_probabilities_are_those_of_the_ngram_model_of_the_units(model):
    ngrams, _ = model
    rows, answers = ids_of(*model, spelt(30, seed=1))
    units = ngrams.units.align([row[:-1] for row in rows], answers)
    np.testing.assert_allclose(
        ngrams.log_probabilities(rows, answers), -text_nats(ngrams.model, units), rtol=1e-6, atol=1e-6
    )
    longer = [np.append(answer, answer) for answer in answers]
    assert (ngrams.log_probabilities(rows, longer) < ngrams.log_probabilities(rows, answers)).all()
    assert ngrams.log_probabilities(rows[:1], [np.ones(40, np.int32)])[0] == IMPOSSIBLE


def test_the_search_finds_the_most_probable_answers(model):
    """Against all answers up to a length, each with the sum over all of its sequences of units."""
    ngrams, _ = model
    pieces = ngrams.units.pieces()
    for given in ("ab", "ash", "aeb"):
        (row,), _ = ids_of(*model, [(given, "A")])
        whole, sums = tuple(map(int, row[:-1])), {}
        for count in range(1, len(given) + 1):
            for units in itertools.product(range(len(pieces)), repeat=count):
                if sum((pieces[at][0] for at in units), ()) == whole:
                    answer = sum((pieces[at][1] for at in units), ())
                    nats = text_nats(ngrams.model, [np.array(units, np.int32)])[0]
                    sums[answer] = np.logaddexp(sums.get(answer, -np.inf), -nats)
        total = np.logaddexp.reduce(list(sums.values()))
        best = sorted(sums.items(), key=lambda item: -item[1])[:3]
        found = ngrams.find([row], 500, 3)[0][: len(best)]  # others leave a symbol unread
        assert [one.symbols for one in found] == [answer for answer, _ in best]
        np.testing.assert_allclose([one.score for one in found], [score - total for _, score in best], atol=1e-5)


def test_an_answer_does_not_depend_on_the_other_rows(model):
    ngrams, _ = model
    rows, _ = ids_of(*model, spelt(40, seed=2))
    together = ngrams.find(rows, 4, 2)
    assert [ngrams.find([row], 4, 2)[0] for row in rows] == together


def test_a_character_that_no_unit_reads_is_left_out(model):
    ngrams, vocabulary = model
    (row, strange), _ = ids_of(*model, [("ab", "A"), ("ab", "A")])
    end = vocabulary.encode("h")  # h is read only after s
    (one,), (other,) = ngrams.find([row, np.insert(strange, 1, end)], 4)
    assert one.symbols == other.symbols


def write(path, rows):
    path.write_text("".join("\t".join(row) + "\n" for row in rows))
    return str(path)


def invoke(*arguments):
    result = CliRunner().invoke(group, [str(argument) for argument in arguments], prog_name="charrnn")
    assert result.exit_code in (0, 1, 2), result.output
    return result


def test_a_run_counts_answers_and_is_measured(tmp_path):
    path = write(tmp_path / "words.tsv", spelt(150))
    train(path, checkpoints=tmp_path, **COUNTED)
    where = ("--checkpoints", tmp_path)
    assert invoke("predict", "words", "abshe", *where).stdout == "A B B S\n"
    rivals = json.loads(
        invoke("eval", "words", write(tmp_path / "new.tsv", spelt(40, seed=3)), "--json", *where).stdout
    )
    assert rivals["model"]["word_error"] < 0.1
    shown = json.loads(invoke("predict", "words", "abshe", "--top", "2", "--json", *where).stdout)
    assert 0.5 < sum(answer["probability"] for answer in shown["answers"]) <= 1 + 1e-9
    assert "units.keys" in invoke("info", "words", *where).stdout
    again = load("words", checkpoints=tmp_path)
    assert again.predict(["abshe"]) == ["A B B S"]


def test_pairs_that_cannot_be_aligned_are_refused(tmp_path):
    path = write(tmp_path / "long.tsv", [("a", "B B B"), ("b", "C C C")])
    with pytest.raises(CorpusError, match="no pair can be aligned, as every answer has more than 2 symbols"):
        list(train(path, checkpoints=tmp_path, **COUNTED))
    long = np.zeros(MOST_CELLS, np.int32)
    with pytest.raises(CorpusError, match="no pair can be aligned"):
        learn_units([long], [long], 2, 2)
    with pytest.raises(CorpusError, match="too many to be aligned"):
        learn_units([long[:2]], [long[:2]], 100_000, 100_000)


def test_features_are_refused(tmp_path):
    path = write(tmp_path / "features.tsv", [("a", "B", "X"), ("b", "C", "Y"), ("ab", "B C", "X")])
    with pytest.raises(ConfigError, match="reads no features"):
        train(path, checkpoints=tmp_path, **COUNTED)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        (KEYS, lambda keys: keys[::-1].copy()),
        (KEYS, lambda keys: keys.astype(np.int32)),
        (KEYS, lambda keys: np.append(keys[:-1], 10**12)),
        (KEYS, lambda keys: np.insert(keys[1:], 0, 1)),  # a unit that reads nothing
        (LOGP, lambda logp: logp[1:]),
        (LOGP, lambda logp: np.full_like(logp, np.nan)),
        (LOGP, lambda logp: logp + 100),
    ],
)
def test_damaged_units_are_refused(model, name, damage):
    ngrams, _ = model
    tensors = ngrams.to_tensors()
    with pytest.raises(CheckpointError, match=name):
        PairNgrams.load(ngrams.config, {**tensors, name: damage(tensors[name])})


def test_a_loaded_model_is_the_same_and_a_pruned_one_smaller(model):
    ngrams, _ = model
    kind, tensors = ngrams.config.kind, ngrams.to_tensors()
    again = PairNgrams.load(ngrams.config, kind.expand(kind.compact(tensors)))
    rows, answers = ids_of(*model, spelt(10, seed=4))
    np.testing.assert_array_equal(again.log_probabilities(rows, answers), ngrams.log_probabilities(rows, answers))
    assert again.find(rows, 4, 2) == ngrams.find(rows, 4, 2)
    assert fitted_pair_counts(ngrams, 10**9) is ngrams
    assert fitted_pair_counts(ngrams, 1000).size < ngrams.size


def test_a_checkpoint_tells_its_shape(tmp_path):
    train(write(tmp_path / "words.tsv", spelt(60)), checkpoints=tmp_path, **COUNTED)
    header = load_checkpoint(tmp_path / "words" / "best.safetensors").header
    assert make_config(**header["config"]).targets == tuple("ABCDS")
    assert header["progress"]["best_val_word_error"] <= 0.5
