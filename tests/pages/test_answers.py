"""What models answer in JavaScript is what they answer in the program."""

import numpy as np
import pytest
from javascript import needs_node, run_node
from labelled import labelled, write_tsv

import charrnn
from charrnn.pages.module import javascript_module
from charrnn.pages.packing import pack_model

SMALL = {"hidden_size": 9, "batch_size": 8, "steps": 25, "preview": False, "threads": 1}
PROSE = "Příliš žluťoučký kůň úpěl ďábelské ódy. A Zítra? ano, Łódź i Đurđa.\n" * 30
LINES = ["Prilis zlutoucky kun", "ABC žluť, łodz djabel", "zitra  ano\tano", "Příliš", "x", "kun upel " * 40]
PAIRS = [(word, " ".join(word.upper()), ("PL", "SG;DAT")[number % 2]) for number, (word, _) in enumerate(labelled())]

ANSWER = """
const { load } = await import(inputs[0]);
const model = load();
print(inputs[1].map((line) => model.predict(line, inputs[2])));
"""


def compared(folder, lines, top, **options):
    """The program's answers to lines and the module's, of a model that is trained for a moment."""
    for _ in charrnn.train(folder / "data", name="small", checkpoints=folder, **SMALL, **options):
        pass
    model = charrnn.load("small", checkpoints=folder)
    packed = pack_model(model.portable(), model.vocabulary, "float32")
    (folder / "module.mjs").write_text(javascript_module(packed, answers=True))
    found = run_node(ANSWER, str(folder / "module.mjs"), lines, top)
    for line, answers in zip(lines, found, strict=True):
        [wanted] = model.answers([line], top=top, unknown="skip")
        assert [answer["text"] for answer in answers] == [answer.text for answer in wanted]
        probabilities = [answer.probability for answer in wanted]
        np.testing.assert_allclose([answer["probability"] for answer in answers], probabilities, rtol=1e-4, atol=1e-12)


@needs_node
@pytest.mark.parametrize("options", [{}, {"directions": 1, "cell": "gru"}, {"num_layers": 2, "embedding_size": 0}])
def test_labels(options, tmp_path):
    write_tsv(tmp_path / "data", labelled())
    compared(tmp_path, ["abc", "uvwxyz", "hij?", "a"], 3, task="label", **options)


@needs_node
@pytest.mark.parametrize("feedback", [False, True])
@pytest.mark.parametrize("task", ["accents", "case", "spaces", "typos"])
def test_restored_lines(task, feedback, tmp_path):
    (tmp_path / "data").write_text(PROSE, encoding="utf-8")
    compared(tmp_path, LINES, 1, task=task, feedback=feedback, num_layers=2)


@needs_node
@pytest.mark.parametrize("attention", ["general", "none", "feeding"])
def test_pairs(attention, tmp_path):
    write_tsv(tmp_path / "data", [(given, wanted) for given, wanted, _ in PAIRS])
    compared(tmp_path, ["abc", "uv"], 2, task="pairs", symbols="space", attention=attention, num_layers=2)


@needs_node
def test_pairs_with_features(tmp_path):
    write_tsv(tmp_path / "data", PAIRS)
    compared(tmp_path, ["abc\tPL", "uv\tSG;DAT", "uv"], 2, task="pairs", columns="1,2,3", cell="gru")


@needs_node
def test_text_for_a_label(tmp_path):
    write_tsv(tmp_path / "data", labelled())
    options = {"task": "conditional", "columns": "2,1", "name": "small"}
    for _ in charrnn.train(tmp_path / "data", checkpoints=tmp_path, **SMALL, **options):
        pass
    model = charrnn.load("small", checkpoints=tmp_path)
    packed = pack_model(model.portable(), model.vocabulary, "float32")
    (tmp_path / "module.mjs").write_text(javascript_module(packed, answers=False))
    program = """
    const { load } = await import(inputs[0]);
    const model = load();
    print(model.labels.map((label) => { model.restart(label); return model.draw({ seed: 3 }); }));
    """
    labels = model.config.labels
    drawn = run_node(program, str(tmp_path / "module.mjs"))
    assert drawn == [model.given(label).sample(rng_seed=3) for label in labels]
