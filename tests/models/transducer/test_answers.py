import pickle

import numpy as np
import pytest
from click.testing import CliRunner
from jobs import train as train_small

from charrnn.api import Model
from charrnn.cli.shared.group import group
from charrnn.errors import CharrnnError, ConfigError, CorpusError, VocabularyError
from charrnn.models.transducer.answers import right_answers
from charrnn.models.transducer.evaluation import edit_distance, errors, errors_by_length
from charrnn.storage.checkpoint import load_checkpoint
from charrnn.storage.trained_on import all_rows, trained_on
from charrnn.text.examples import Example

ROWS = [
    f"{word}\t{' '.join(word[::-1].upper())}\tN;{'PL' if len(word) > 3 else 'SG'}"
    for word in (
        "abc",
        "bca",
        "cab",
        "abca",
        "bcab",
        "aab",
        "bbc",
        "cca",
        "abba",
        "baab",
        "acca",
        "caac",
        "ab",
        "ba",
        "bc",
        "cb",
    )
]


def train(*sources, **options):
    return train_small(*sources, **{"seq_length": 64, **options})  # the default, as rows are read whole


SMALL_PAIRS = {
    "task": "pairs",
    "symbols": "space",
    "hidden_size": 12,
    "embedding_size": 6,
    "batch_size": 4,
    "eval_every": 8,
    "learning_rate": 0.02,
}


@pytest.fixture
def pairs(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text("\n".join(ROWS) + "\n")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    path = folder / "pairs.tsv"
    path.write_text("\n".join(ROWS) + "\nabc\tX Y\tN;SG\n")
    train(path, checkpoints=folder, steps=120, name="run", **{**SMALL_PAIRS, "eval_every": 60})
    return folder / "run" / "last.safetensors"


@pytest.mark.parametrize("attention", ["general", "feeding"])
def test_a_run_that_was_interrupted_ends_with_the_same_bytes(pairs, runs, attention):
    options = {**SMALL_PAIRS, "attention": attention, "dropout": 0.2, "label_smoothing": 0.1, "checkpoints": runs}
    train(pairs, name="whole", steps=20, **options)
    train(pairs, name="cut", steps=20, stop_after=11, **options)
    train(pairs, name="cut", resume=True, checkpoints=runs)
    whole, cut = (load_checkpoint(runs / name / "last.safetensors").tensors for name in ("whole", "cut"))
    assert all(np.array_equal(whole[name], cut[name]) for name in whole)
    assert set(whole) == set(cut)


def test_answers_are_symbols_with_spaces_and_have_probabilities(trained):
    model = Model.load(trained)
    assert set(model.config.targets) == {*"ABCXY"}
    assert model.config.features == ("N", "PL", "SG")
    assert model.config.longest == 4
    one, two = model.answers(["bca\tN;SG", "abca\tN;PL"], top=3)
    assert all(set(answer.text.split(" ")) <= set("ABCXY") for answer in one + two)
    assert one == sorted(one, key=lambda answer: -answer.probability)
    assert 0 < sum(answer.probability for answer in one) <= 1
    assert model.answers(["bca\tN;SG"], top=3) == [one]
    assert model.answers(["bca\tN;SG"], beam=1)[0][0].probability <= one[0].probability


def test_known_answers_come_first(trained):
    model, rows = Model.load(trained), trained_on(trained)
    known = {row.given for row in rows.rows}
    (answers,) = model.answers(["abc\tN;SG"], top=4, known=rows)
    if "abc" in known:
        assert {answer.text for answer in answers[:2]} == {"C B A", "X Y"}
        assert [answer.probability for answer in answers[:2]] == [0.5, 0.5]
    assert len({answer.text for answer in answers}) == 4
    assert model.answers(["ab"], known=rows) == model.answers(["ab"]), "a row with other features"


def test_the_whole_file_of_the_run_is_known(trained):
    model = Model.load(trained)
    rows = all_rows(trained).rows
    assert len(rows) > len(trained_on(trained).rows)
    for row in rows:
        (answers,) = model.answers([f"{row.given}\t{row.features}"], top=2, known=True)
        assert row.wanted in {answer.text for answer in answers}
    with pytest.raises(ConfigError, match="known needs the text that the model's run has learned, which is gone"):
        pickle.loads(pickle.dumps(model)).answers(["ab"], known=True)


def test_lines_that_cannot_be_answered_are_told(trained):
    model = Model.load(trained)
    with pytest.raises(VocabularyError, match="'z'"):
        model.answers(["zab"])
    with pytest.raises(VocabularyError, match=r"a feature must be one that the model has seen .*, not 'V'"):
        model.answers(["ab\tV"])
    assert model.answers(["ab\tV"], unknown="skip") == model.answers(["ab"])
    with pytest.raises(CorpusError, match="a line must be given TAB features, not one with 2 tabs"):
        model.answers(["ab\tN\tSG"])
    with pytest.raises(CorpusError, match="a line must be at most 4,096 characters, not 10,000"):
        model.answers(["a" * 10_000])
    with pytest.raises(CorpusError, match="a line must have something before its tab"):
        model.answers(["\tN;SG"])
    with pytest.raises(CharrnnError, match="beam must be"):
        model.answers(["ab"], beam=0)


def test_predict_prints_answers_with_the_beam_and_the_known_rows(trained):
    def predict(*arguments):
        result = CliRunner().invoke(group, ["predict", str(trained), *arguments])
        return result.output

    assert predict("ba\tN;SG") == Model.load(trained).predict(["ba\tN;SG"])[0] + "\n"
    rows = trained_on(trained).rows
    row = next(row for row in rows if row.given != "abc")
    assert predict(f"{row.given}\t{row.features}", "--known", "--probabilities") == f"{row.wanted}\t1.0000\n"
    assert predict("ba", "--beam", "1", "--top", "2").count("\t") == 1


BAD_ROWS = {
    "abc": "it has no tab",
    "a\tb\tc\td": "it has 3 tabs",
    "\tb": "the column of what is given is empty",
    "a\t": "the column of what is wanted is empty",
    "a\t  ": "the column of what is wanted holds only spaces",
    "a\t" + "b" * 10_000: "a column has 10,000 characters, more than 4,096",
    "a" * 10_000 + "\tb": "a column has 10,000 characters, more than 4,096",
}


@pytest.mark.parametrize("line", BAD_ROWS, ids=range(len(BAD_ROWS)))
def test_a_malformed_row_is_told_with_its_line(tmp_path, runs, line):
    path = tmp_path / "bad.tsv"
    path.write_text(f"ab\tA B\n\n{line}\n")
    with pytest.raises(CorpusError, match=f"line 3 of .*bad.tsv: {BAD_ROWS[line]}") as raised:
        train(path, checkpoints=runs, steps=1, **SMALL_PAIRS)
    assert "\n" not in str(raised.value)


def test_one_row_is_too_few(tmp_path, runs):
    path = tmp_path / "one.tsv"
    path.write_text("ab\tA B\nab\tB\n")
    with pytest.raises(CorpusError, match="the rows must give at least two different texts, not one"):
        train(path, checkpoints=runs, steps=1, **SMALL_PAIRS)


def test_a_beam_is_for_models_that_search(tmp_path, runs):
    path = tmp_path / "labels.tsv"
    path.write_text("ab\tone\nba\ttwo\nabb\tone\nbaa\ttwo\n")
    train(path, checkpoints=runs, name="labels", task="label", steps=1, hidden_size=4)
    model = Model.load(runs / "labels" / "last.safetensors")
    with pytest.raises(ConfigError, match="a model for task label has no beam: leave it out"):
        model.answers(["ab"], beam=2)


def test_several_answers_to_a_question_are_right():
    rows = [Example("ab", "A B"), Example("ab", "B"), Example("ab", "C", "PL")]
    right = right_answers(rows, "space")
    assert right == {("ab", ""): {("A", "B"), ("B",)}, ("ab", "PL"): {("C",)}}
    assert errors(right, [("B",), ("A", "C")]) == {"word_error": 0.5, "symbol_error": 0.5}
    assert errors_by_length(right, [("B",), ("A", "C")])[1:] == [("1 to 4", 2, "0.5000", "0.5000")]


@pytest.mark.parametrize(
    ("one", "other", "edits"), [("", "", 0), ("abc", "abc", 0), ("abc", "", 3), ("", "ab", 2), ("abcd", "bxd", 2)]
)
def test_edits(one, other, edits):
    assert edit_distance(one, other) == edit_distance(other, one) == edits


def test_evaluation_has_rivals_that_copy_and_know_the_training_pairs(trained, pairs):
    model = Model.load(trained)
    evaluation = model.evaluate(pairs, training=trained_on(trained))
    assert list(evaluation.figures) == ["model", "copy", "training pairs"]
    assert evaluation.figures["copy"]["word_error"] == 1
    assert evaluation.figures["training pairs"]["word_error"] <= 3 / 16
    assert evaluation.details["length"][0][0] == "characters given"


def test_a_run_goes_on_from_a_models_weights_with_other_rows(trained, tmp_path, runs):
    path = tmp_path / "more.tsv"
    path.write_text("\n".join(ROWS) + "\nxcab\tX Y X Y X\tN;SG\n")  # longer, and with a new character
    train(path, checkpoints=runs, name="more", init_from=trained, steps=2, hidden_size=12)
    assert load_checkpoint(runs / "more" / "last.safetensors").header["config"]["longest"] == 5
    path.write_text("\n".join(ROWS[:2]) + "\n")
    train(path, checkpoints=runs, name="fewer", init_from=trained, steps=2, hidden_size=12)
    configs = (load_checkpoint(at).header["config"] for at in (trained, runs / "fewer" / "last.safetensors"))
    kept = [[config[name] for name in ("targets", "features", "longest")] for config in configs]
    assert kept[0] == kept[1]
    old, new = (Model.load(at).parameters["embedding.weight"] for at in (trained, runs / "more" / "last.safetensors"))
    assert len(new) == len(old) + 1
    assert np.allclose(old[-3:], new[-3:], atol=0.1), "the features' rows stay where they belong"
