"""Labels, from the file to the answer."""

import json
import math
import subprocess
import sys
from collections import Counter

import pytest
from click.testing import CliRunner
from jobs import train
from labelled import labelled, write_tsv

from charrnn.api import load
from charrnn.cli.shared.group import group
from charrnn.errors import CharrnnError, ConfigError, CorpusError, VocabularyError
from charrnn.kernels.processor import BFLOAT16
from charrnn.models.label_answers import figures_of
from charrnn.storage.trained_on import trained_on
from charrnn.text.examples import LONGEST_SIDE, Example

MODELS = ("rnn", "ngram")
OPTIONS = {"task": "label", "hidden_size": 16, "batch_size": 16, "seq_length": None, "steps": 60, "threads": 1}
COUNTED = dict.fromkeys(("hidden_size", "batch_size", "seq_length", "steps")) | {"task": "label", "model": "ngram"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("label")
    words = write_tsv(folder / "words.tsv", labelled(90))
    train(words, name="rnn", checkpoints=folder, **OPTIONS)
    train(words, name="ngram", checkpoints=folder, **COUNTED)
    return folder


def invoke(*arguments, **keywords):
    result = CliRunner().invoke(group, [str(argument) for argument in arguments], prog_name="charrnn", **keywords)
    assert result.exit_code in (0, 1, 2), result.output
    return result


@pytest.mark.parametrize("model", MODELS)
def test_the_probabilities_of_all_labels_sum_to_one(folder, model):
    lines = [text for text, _ in labelled(20, seed=1)]
    shown = invoke("predict", folder / model, "\n".join(lines), "--top", 5, "--probabilities").stdout.splitlines()
    assert len(shown) == len(lines)
    for answers, line in zip(load(folder / model).answers(lines, top=3), shown, strict=True):
        assert math.fsum(answer.probability for answer in answers) == pytest.approx(1, abs=1e-6)
        assert [answer.probability for answer in answers] == sorted((a.probability for a in answers), reverse=True)
        assert line.split("\t")[::2] == [answer.text for answer in answers]
        shares = [f"{answer.probability:.4f}" for answer in answers if answer.probability >= 0.001]
        assert line.split("\t")[1::2][: len(shares)] == shares


@pytest.mark.parametrize("model", MODELS)
def test_the_answers_are_right(folder, model):
    rows = labelled(60, seed=1)
    answers = load(folder / model).predict([text for text, _ in rows])
    assert sum(answer == label for answer, (_, label) in zip(answers, rows, strict=True)) >= 57


def test_an_answer_comes_before_the_next_line_is_sent(folder):
    command = [sys.executable, "-m", "charrnn", "predict", str(folder / "rnn")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as process:
        for text, label in (("abcde", "Low"), ("", ""), ("uvwxyz", "High"), ("hijkl", "Middle")):
            process.stdin.write(text + "\n")
            process.stdin.flush()
            assert process.stdout.readline() == label + "\n"
        process.stdin.close()
        assert process.stdout.read() == ""
    assert process.returncode == 0


def test_an_unknown_character_is_told_with_its_line(folder):
    asked = invoke("predict", folder / "rnn", "-", input="abc\nabç\n")
    assert asked.exit_code == 1
    assert "line 2 of stdin: " in asked.stderr
    assert "'ç' at position 3" in asked.stderr
    assert invoke("predict", folder / "rnn", "-", "--unknown", "replace", input="abcd\nabçd\n").stdout == "Low\nLow\n"


def test_the_answers_before_a_bad_line_are_printed(folder):
    assert invoke("predict", folder / "rnn", "-", input="abcde\nuvwxyz\nabç\nabcde\n").stdout == "Low\nHigh\n"


def test_small_probabilities_keep_two_digits(folder):
    shown = invoke("predict", folder / "rnn", "abcde", "--top", 3, "--probabilities").stdout
    for text, share in zip(*[iter(shown.rstrip("\n").split("\t"))] * 2, strict=True):
        answer = next(a for a in load(folder / "rnn").answers(["abcde"], top=3)[0] if a.text == text)
        assert float(share) == pytest.approx(answer.probability, rel=0.06)


@pytest.mark.parametrize("option", ["--lines", "--exact", "--one-pass", "--dynamic", "--unknown=skip"])
def test_options_of_scores_are_refused(folder, option):
    shown = invoke("eval", folder / "rnn", folder / "words.tsv", option)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert f"{option.partition('=')[0]} is for models that score text: leave it out." in shown.stderr


def test_a_text_is_not_a_list_of_lines(folder):
    with pytest.raises(ConfigError, match="lines must be a list of texts, not 'abcde': put it into a list"):
        load(folder / "rnn").predict("abcde")


def test_a_tab_in_a_file_of_a_label_is_refused(tmp_path):
    names = tmp_path / "names"
    names.mkdir()
    for label in ("Low", "High"):
        (names / f"{label}.txt").write_text("abc\n" * 5 + "a\tb\n")
    with pytest.raises(CorpusError, match=r"High.txt, whose name is a label, must have no tab: take it out"):
        train(str(names), checkpoints=tmp_path / "runs", **OPTIONS)


@pytest.mark.parametrize("model", MODELS)
def test_evals_figures_are_those_of_a_plain_computation(folder, model, tmp_path):
    rows = [*labelled(40, seed=1), ("abc", "Low"), ("abc", "High"), ("uvw", "Low"), ("uvw", "Strange")]
    shown = json.loads(invoke("eval", folder / model, write_tsv(tmp_path / "test.tsv", rows), "--json").stdout)
    answers = load(folder / model).predict([text for text, _ in rows])
    of = {text: {label for other, label in rows if other == text} for text, _ in rows}
    hits = [answer in of[text] for (text, _), answer in zip(rows, answers, strict=True)]
    assert shown["model"]["accuracy"] == pytest.approx(sum(hits) / len(rows))
    right = {text: answer in of[text] for (text, _), answer in zip(rows, answers, strict=True)}
    assert shown["model"]["texts"] == pytest.approx(sum(right.values()) / len(right))
    pairs = [(answer if hit else label, answer) for (_, label), answer, hit in zip(rows, answers, hits, strict=True)]
    f1 = []
    for label in {label for pair in pairs for label in pair}:
        own = sum(pair == (label, label) for pair in pairs)
        f1.append(2 * own / sum((wanted == label) + (got == label) for wanted, got in pairs))
    assert shown["model"]["macro_f1"] == pytest.approx(sum(f1) / len(f1))
    assert "44 rows" in shown["of"]
    assert "1 of them with labels that the model does not know" in shown["of"]
    confused = {(row[0], label): count for row in shown["details"]["confusion"][1:]
                for label, count in zip(shown["details"]["confusion"][0][1:], row[1:], strict=True)}  # fmt: skip
    wanted = Counter((label, answer) for (_, label), answer in zip(rows, answers, strict=True))
    assert {pair: count for pair, count in confused.items() if count} == wanted


def test_the_rivals_learn_from_what_the_model_was_trained_on(folder, tmp_path):
    test = write_tsv(tmp_path / "test.tsv", labelled(30, seed=1))
    training = trained_on(folder / "rnn" / "best.safetensors")
    assert len(training.rows) == 81
    shown = json.loads(invoke("eval", folder / "rnn", test, "--json").stdout)
    frequent = Counter(row.wanted for row in training.rows).most_common(1)[0][0]
    rows = [Example(*row) for row in labelled(30, seed=1)]
    assert shown["most frequent"] == figures_of(rows, [frequent] * 30)
    assert shown["n-gram per label"]["accuracy"] == 1
    table = invoke("eval", folder / "rnn", test, "--confusion").stdout.splitlines()
    assert table[2].split("  ")[-2:] == ["most frequent", "n-gram per label"]


@pytest.mark.parametrize("shape", [{}, {"num_layers": 2, "dropout": 0.3}, {"directions": 1, "cell": "gru"}], ids=str)
def test_interrupted_and_resumed_equals_uninterrupted(tmp_path, shape):
    words = write_tsv(tmp_path / "words.tsv", labelled(40))
    options = {**OPTIONS, "steps": 12, "eval_every": 5, **shape}
    train(words, checkpoints=tmp_path / "whole", **options)
    train(words, checkpoints=tmp_path / "parts", stop_after=7, **options)
    train(checkpoints=tmp_path / "parts", resume=True)
    for name in ("last.safetensors", "best.safetensors"):
        whole, parts = (tmp_path / where / "words" / name for where in ("whole", "parts"))
        assert whole.read_bytes() == parts.read_bytes()


@pytest.mark.parametrize("precision", ["float64", "bf16"])
def test_it_trains_in_other_precisions(tmp_path, precision):
    if precision == "bf16" and not BFLOAT16:
        pytest.skip("the processor does not multiply bfloat16")
    words = write_tsv(tmp_path / "words.tsv", labelled(60))
    job, _ = train(words, checkpoints=tmp_path, **OPTIONS | {"steps": 40, "precision": precision})
    assert job.trainer.progress.best >= 0.8


@pytest.mark.parametrize("task", ["label", "conditional"])
def test_a_folder_of_label_files_is_the_same_as_labelled_lines(tmp_path, task):
    rows, names = labelled(45), tmp_path / "names"
    names.mkdir()
    for label in sorted({label for _, label in rows}):
        own = [text for text, of in rows if of == label]
        (names / f"{label}.txt").write_text("\n\n".join(own) + "\n" * (label == "Low"))
    rows.sort(key=lambda row: row[1])
    tsv = write_tsv(tmp_path / "names.tsv", rows if task == "label" else [row[::-1] for row in rows])
    options = {**OPTIONS, "task": task, "steps": 6, "eval_every": 2}
    train(tsv, checkpoints=tmp_path / "tsv", **options)
    job, _ = train(str(names), checkpoints=tmp_path / "folder", stop_after=3, **options)
    assert job.run.name == "names"
    train(checkpoints=tmp_path / "folder", resume=True)
    for name in ("last.safetensors", "best.safetensors"):
        one, other = (tmp_path / where / "names" / name for where in ("tsv", "folder"))
        assert one.read_bytes() == other.read_bytes()
    model = load(tmp_path / "folder" / "names")
    assert model.evaluate(names) == model.evaluate(tsv)


def test_a_run_of_a_folder_that_is_gone_is_resumed_from_its_copy(tmp_path):
    names = tmp_path / "names"
    names.mkdir()
    for label, text in (("A", "aaa\nab\nba\n"), ("B", "bbb\ncb\nbc\n")):
        (names / f"{label}.txt").write_text(text)
    options = {**OPTIONS, "batch_size": 2, "steps": 6}
    train(str(names), checkpoints=tmp_path / "runs", stop_after=3, **options)
    (names / "A.txt").unlink()
    with pytest.raises(CharrnnError, match="the text has changed"):
        train(checkpoints=tmp_path / "runs", resume=True)
    (names / "B.txt").unlink()
    names.rmdir()
    job, _ = train(checkpoints=tmp_path / "runs", resume=True)
    assert job.trainer.progress.step == 6


ERRORS = {
    "a missing tab": ("abc\tx\nabc\n", {}, "line 2 of {}: it has no tab"),
    "nothing given": ("abc\tx\n\tx\n", {}, "line 2 of {}: the column of what is given is empty"),
    "nothing wanted": ("abc\tx\nabc\t\n", {}, "line 2 of {}: the column of what is wanted is empty"),
    "many columns": ("abc\tx\ta\tb\n", {}, "line 1 of {}: it has 3 tabs"),
    "one label": ("abc\tx\ndef\tx\n", {}, "the labels must be at least two different ones, not 'x' alone"),
    "a long row": (
        "abc\tx\n" + "a" * 10_000 + "\ty\n",
        {},
        f"a column has 10,000 characters, more than {LONGEST_SIDE:,}",
    ),
    "an empty file": ("", {}, "a corpus needs at least two characters, but {} is empty"),
    "a column too few": (
        "abc\tx\ndef\ty\n",
        {"columns": "3,1"},
        "line 1 of {}: it has 2 columns, fewer than --columns 3,1",
    ),
    "a column twice": ("abc\tx\n", {"columns": "1,1"}, "columns must be two or three different numbers from 1 to 3"),
    "bytes": ("abc\tx\n", {"as_bytes": True}, "task label reads characters, not bytes: leave as_bytes out"),
    "documents": ("abc\tx\n", {"documents": "file"}, "task label reads line by line: leave documents out"),
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", ERRORS)
def test_unfit_files_are_refused_in_one_line(tmp_path, name, model):
    text, options, message = ERRORS[name]
    path = tmp_path / "data.tsv"
    path.write_text(text)
    kept = COUNTED if model == "ngram" else OPTIONS
    with pytest.raises(CharrnnError) as caught:
        train(str(path), checkpoints=tmp_path / "runs", **kept | options)
    assert message.format(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_label_that_occurs_once_is_noted_and_learned_as_it_may(tmp_path):
    words = write_tsv(tmp_path / "words.tsv", [*labelled(30), ("zz", "Rare")])
    job, _ = train(words, checkpoints=tmp_path, **OPTIONS | {"steps": 2})
    assert "Rare" in job.trainer.config.labels
    assert "labels that occur only once, too rarely to be learned: Rare" in job.started.notes


def test_a_third_column_is_noted(tmp_path):
    (tmp_path / "words.tsv").write_text("abc\tLow\tfirst\nxyz\tHigh\n" * 9)
    job, _ = train(str(tmp_path / "words.tsv"), checkpoints=tmp_path, **OPTIONS | {"steps": 2})
    assert "9 rows have a third column, which is not read" in job.started.notes


def test_a_labelled_line_is_not_asked(folder):
    asked = invoke("predict", folder / "rnn", "-", input="abc\nabc\tLow\n")
    reason = r"a line must be a text without a tab, not 'abc\tLow': leave its label out"
    assert asked.stderr == f"charrnn: error: line 2 of stdin: {reason}\n"


def test_an_unknown_character_is_told_with_its_place_in_a_list(folder):
    with pytest.raises(VocabularyError, match=r"line 3: the text must hold only .*'ç' at position 2"):
        load(folder / "rnn").predict(["abc", "cba", "aç", "ç"])


def test_a_malformed_line_of_evals_text_is_told_with_its_number(folder, tmp_path):
    path = tmp_path / "test.tsv"
    path.write_text("abc\tLow\n\nabc\n")
    assert f"line 3 of {path}: it has no tab" in invoke("eval", folder / "rnn", path).stderr


def test_a_run_starts_only_from_one_that_knows_its_labels(folder, tmp_path):
    options = {"task": "label", "hidden_size": None, "batch_size": 4, "seq_length": None, "steps": 3, "threads": 1}
    same = write_tsv(tmp_path / "same.tsv", labelled(12, seed=3))
    job, _ = train(same, init_from=folder / "rnn", checkpoints=tmp_path / "runs", **options)
    assert job.trainer.config.hidden_size == 16
    fewer = write_tsv(tmp_path / "fewer.tsv", [row for row in labelled(12, seed=3) if row[1] == "Low"])
    job, _ = train(fewer, init_from=folder / "rnn", checkpoints=tmp_path / "runs", **options)
    assert job.trainer.config.labels == load(folder / "rnn").config.labels
    other = write_tsv(tmp_path / "other.tsv", [*labelled(12), ("zz", "Other")])
    with pytest.raises(CharrnnError, match="labels must be as in the model that the run starts from"):
        train(other, init_from=folder / "rnn", checkpoints=tmp_path / "runs", **options)
    with pytest.raises(CharrnnError, match="has no weights to start from"):
        train(same, init_from=folder / "ngram", checkpoints=tmp_path / "runs", **options)


def test_a_sweep_compares_models_that_label(tmp_path):
    words = write_tsv(tmp_path / "words.tsv", labelled(45))
    spec = tmp_path / "sizes.toml"
    spec.write_text(
        f'corpus = "{words}"\n\n[fixed]\ntask = "label"\nsteps = 20\nbatch-size = 16\n\n[grid]\nhidden-size = [4, 12]\n'
    )
    done = invoke("sweep", spec, "--checkpoints", tmp_path / "runs")
    assert done.exit_code == 0, done.stderr
    table = invoke("sweep-table", "sizes", "--checkpoints", tmp_path / "runs")
    assert "accuracy" in table.stdout


def test_what_does_not_fit_is_told(folder):
    for arguments, message in (
        (("sample", folder / "rnn"), "does not write text: ask it with charrnn predict"),
        (("sample", folder / "rnn", "--given", "Low"), "given is for models of labelled texts"),
        (("gradients", folder / "rnn", folder / "words.tsv"), "gradients are shown for models of task text"),
    ):
        shown = invoke(*arguments)
        assert shown.exit_code == 1
        assert message in shown.stderr
