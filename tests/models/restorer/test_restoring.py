"""What a trained model does, from outside."""

import json
import unicodedata

import numpy as np
import pytest
from click.testing import CliRunner

import charrnn
from charrnn.cli.shared.group import group
from charrnn.errors import CharrnnError
from charrnn.kinds.config import make_config
from charrnn.kinds.contract import Answer
from charrnn.models.restorer.answers import RestoringPredictor
from charrnn.text.vocabulary import Vocabulary

CZECH = "příliš žluťoučký kůň úpěl ďábelské ódy .\npes je malý , kůň je velký .\n"
CASE = "The dog saw Anna. Then it ran to Rome\nwith Anna. It was the end.\n\n"


def plain(text):
    return "".join(c for c in unicodedata.normalize("NFD", text) if not unicodedata.combining(c))


def train(folder, text, task, name="run", **options):
    path = folder / f"{name}.txt"
    path.write_text(text, encoding="utf-8", newline="")
    wanted = {"hidden_size": 24, "steps": 300, "batch_size": 4, "threads": 1, **options}
    list(charrnn.train(path, task=task, name=name, checkpoints=folder / "runs", preview=False, **wanted))
    return charrnn.Model.load(folder / "runs" / name / "best.safetensors")


@pytest.fixture(scope="module")
def accents(tmp_path_factory):
    return train(tmp_path_factory.mktemp("accents"), CZECH * 40, "accents")


def test_accents_come_back(accents):
    assert accents.predict(plain(CZECH).splitlines()) == CZECH.splitlines()


def test_all_else_stays_as_it_is(accents):
    strange = "\t\u00a0Ξ 日本 q\u0323\u0301 \U0001f600\u200d\r \ufeff x²"
    assert accents.predict([strange, "", " "]) == [strange, "", " "]
    assert accents.predict(["ma\u0301 ñ Kunˇ"])[0].startswith("ma\u0301 ñ K")  # accents that are there are kept


def test_answers_do_not_depend_on_the_other_lines(accents):
    lines = ["kun", "pes je maly , kun je velky .", "prilis zlutoucky", "x" * 700 + " kun " * 100]
    together = accents.answers(lines)
    assert together == [accents.answers([line])[0] for line in lines]
    assert plain("".join(best.text for (best, *_) in together)) == "".join(lines)


def test_several_answers_have_falling_probabilities(accents):
    (answers,) = accents.answers(["prilis zlutoucky kun"], top=5)
    assert answers[0].text == "příliš žluťoučký kůň"
    assert len({answer.text for answer in answers}) == 5
    probabilities = [answer.probability for answer in answers]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) <= 1
    assert answers[0].probability == pytest.approx(accents.answers(["prilis zlutoucky kun"])[0][0].probability)


def test_all_answers_to_a_line_have_the_probability_1(accents):
    (answers,) = accents.answers(["ku"], top=10_000)
    assert sum(answer.probability for answer in answers) == pytest.approx(1)


def test_evaluation_strips_and_restores(accents, tmp_path):
    path = tmp_path / "test.txt"
    path.write_text(CZECH * 2, encoding="utf-8")
    evaluation = accents.evaluate(path)
    assert evaluation.figures["model"]["word_accuracy"] == 1
    words = [word for word in CZECH.split() if any(map(str.isalpha, word))]
    same = sum(plain(word) == word for word in words) / len(words)
    assert evaluation.figures["unchanged"]["word_accuracy"] == pytest.approx(same)


def test_case_reads_the_line_before(tmp_path):
    model = train(tmp_path, CASE * 40, "case", steps=400)
    lines = CASE.lower().split("\n")[:4]
    assert model.predict(lines) == CASE.split("\n")[:4]
    assert model.predict([line.upper() for line in lines]) == CASE.split("\n")[:4]


def test_spaces_come_back_and_gaps_stay(tmp_path):
    text = "  the dog saw a cat\nand  ran away\n"
    model = train(tmp_path, text * 60, "spaces", steps=400)
    assert model.predict(["  thedogsawacat", "and  ranaway", "thedog sawa"]) == [*text.splitlines(), "the dog saw a"]


def test_feedback_reads_its_own_answers(tmp_path):
    model = train(tmp_path, CZECH * 40, "accents", feedback=True, directions=1, steps=400)
    assert model.predict(plain(CZECH).splitlines()) == CZECH.splitlines()
    with pytest.raises(CharrnnError, match="top must be 1 for a model with feedback, not 2"):
        model.answers(["kun"], top=2)


class Oracle:
    """A network that knows the answers to each line."""

    def __init__(self, answers, classes):
        self.config = make_config(9, task="typos", classes=classes)
        self._numbers = [[classes.index(answer) for answer in line] for line in answers]

    def run(self, x, lengths, given, is_given, possible):
        found = np.full((*x.shape, len(self.config.classes)), -np.inf)
        for column, length in enumerate(lengths):
            line = next(line for line in self._numbers if len(line) == length)
            found[np.arange(length), column, line] = 0
        return found


def test_edits_make_a_line_again():
    classes = ("", "-", "=a", "+a", "+t")
    answers = [["", "=a", "", ""], ["", "", "", "-", ""], ["", "+a", ""], ["", "", "+t"] + [""] * 3]
    network = Oracle([*answers, ["", "", "", "", "", "", "+t"]], classes)
    predictor = RestoringPredictor(network, Vocabulary.of("cat is o\n"))
    assert predictor.predict(["cot", "catt", "ct", "", "cais ", "cat is"]) == [
        [Answer(text, 1.0)] for text in ("cat", "cat", "cat", "", "catis ", "cat ist")
    ]


def test_answers_that_are_the_same_text_are_one():
    """The second a of caat is inserted before or after the first one, and taken out in two ways."""

    class Doubtful(Oracle):
        def run(self, x, lengths, given, is_given, possible):
            return np.log(np.exp(super().run(x, lengths, given, is_given, possible)) * 0.5 + 0.125)

    classes = ("", "-", "+a", "+t")
    predictor = RestoringPredictor(Doubtful([["", "", "", "", ""]], classes), Vocabulary.of("cat\n"))
    (answers,) = predictor.predict(["caat"], top=12)
    texts = [answer.text for answer in answers]
    assert len(set(texts)) == 12
    assert texts[0] == "caat"
    left_out = next(answer.probability for answer in answers if answer.text == "cat")
    assert left_out > 2 * 0.125 * 0.625**4


def test_a_model_of_typing_errors_leaves_right_lines(tmp_path):
    text = "one black cat\n"
    model = train(tmp_path, text * 60, "typos", steps=100)
    assert model.predict([text.rstrip(), "", "日本"]) == [text.rstrip(), "", "日本"]
    (tmp_path / "test.txt").write_text(text * 50)
    figures = model.evaluate(tmp_path / "test.txt").figures
    assert figures["model"].keys() == {"word_accuracy", "characters", "corrected", "broken"}
    assert figures["model"]["broken"] < 0.05
    assert (figures["unchanged"]["corrected"], figures["unchanged"]["broken"]) == (0, 0)


@pytest.mark.parametrize(("task", "text", "wanted"), [
    ("accents", "no accent here\n" * 9, "letters both with and without accents"),
    ("case", "ALL OF IT\n" * 9, "letters in both upper and lower case"),
    ("spaces", "nospaces\nhere\n" * 9, "words with spaces between them"),
    ("typos", "abc", "some letters again and again"),
])  # fmt: skip
def test_a_text_without_anything_to_learn_is_refused(tmp_path, task, text, wanted):
    message = f"the text for task {task} must hold {wanted}, not none: use another text"
    with pytest.raises(CharrnnError, match=message):
        train(tmp_path, text, task)
    assert not (tmp_path / "runs" / "run").exists()


@pytest.mark.parametrize("task", ["accents", "case", "spaces", "typos"])
def test_an_empty_text_is_refused(tmp_path, task):
    with pytest.raises(CharrnnError, match="is empty: use a longer text"):
        train(tmp_path, "", task)


def test_bytes_are_refused(tmp_path):
    with pytest.raises(CharrnnError, match="task accents reads characters, not bytes"):
        train(tmp_path, CZECH * 9, "accents", as_bytes=True)


def test_the_command_keeps_every_line_and_byte(tmp_path):
    train(tmp_path, CASE * 40, "case", steps=100)
    given = (CASE.lower() * 3 + "\r\n\u2028 日本\t\r\n\n\nthe end").encode()
    command = ["predict", "run", "--checkpoints", str(tmp_path / "runs")]
    result = CliRunner().invoke(group, command, input=given)
    assert result.exit_code == 0, result.output
    assert result.stdout_bytes.lower() == given
    result = CliRunner().invoke(group, [*command, "--top", "2", "--probabilities"], input=b"anna\n\nit\n")
    first, empty, last = result.stdout.split("\n")[:-1]
    assert not empty
    assert [len(line.split("\t")) for line in (first, last)] == [4, 4]
    result = CliRunner().invoke(group, [*command, "--json"], input=b"\nan\n")
    assert [json.loads(line)["given"] for line in result.stdout.splitlines()] == ["", "an"]
