import re
import shlex
import xml.etree.ElementTree as ET

import pytest
from labelled import labelled

import charrnn
from charrnn.exports.contract import Exported
from charrnn.exports.hub import TARGET

SMALL = {"hidden_size": 8, "batch_size": 4, "steps": 6, "eval_every": 2, "preview": False}


@pytest.fixture
def exported(corpus, runs):
    for _ in charrnn.train(corpus, checkpoints=runs, seq_length=10, **SMALL):
        pass
    return TARGET.files(Exported.read(runs / "cat" / "best.safetensors"))


def test_the_folder_has_the_model_and_says_what_it_is(exported, tmp_path, corpus):
    assert sorted(exported) == ["README.md", "model.safetensors", "training.svg"]
    (tmp_path / "model").write_bytes(exported["model.safetensors"])
    readme = exported["README.md"].decode()
    header, body = re.fullmatch(r"---\n(.*?)\n---\n(.*)", readme, re.DOTALL).groups()
    assert "library_name: charrnn" in header.splitlines()
    assert "pipeline_tag: text-generation" in header.splitlines()
    assert body.startswith("\n# cat\n")
    model = charrnn.load(tmp_path / "model")
    assert model.sample(rng_seed=1, temperature=0.7, length=400) in readme
    assert f"| parameters | {model.parameters.count:,} |" in readme
    assert str(tmp_path) not in readme  # nor the path of the text
    ET.fromstring(exported["training.svg"])


NAMES = "".join(f"{name}\tit\n{name[::-1]}\tother\n" for name in ("rossi", "russo", "ferrari", "bianchi", "romano")) * 8
WORDS = "".join(f"{word}\t{label}\n" for word, label in labelled(300))
ANSWERERS = {
    "label": (WORDS, {"task": "label"}, "text-classification"),
    "counts": (WORDS, {"task": "label", "model": "ngram"}, "text-classification"),
    "pairs": (NAMES.replace("other", "no"), {"task": "pairs"}, "text2text-generation"),
    "accents": ("žluťoučký kůň, zlatý zub\n" * 40, {"task": "accents"}, "text2text-generation"),
    "series": ("y\n" + "1\n3\n2\n4\n" * 60, {"task": "series"}, "time-series-forecasting"),
}


def readme_of(runs, tmp_path, text, options):
    """The README of a run that was trained for a moment; and one of its file alone, without the text."""
    (tmp_path / "x.txt").write_text(text, "utf-8")
    short = {} if options.get("model") == "ngram" else SMALL
    for _ in charrnn.train(tmp_path / "x.txt", checkpoints=runs, **short, **options):
        pass
    own = TARGET.files(Exported.read(runs / "x" / "last.safetensors"))["README.md"].decode()
    (tmp_path / "alone.safetensors").write_bytes((runs / "x" / "last.safetensors").read_bytes())
    return own, TARGET.files(Exported.read(tmp_path / "alone.safetensors"))["README.md"].decode()


@pytest.mark.parametrize("name", ANSWERERS)
def test_a_model_that_answers_shows_answers(name, runs, tmp_path):
    text, options, task = ANSWERERS[name]
    readme, alone = readme_of(runs, tmp_path, text, options)
    assert f"pipeline_tag: {task}" in readme.splitlines()
    assert "charrnn predict model.safetensors" in readme
    shown = re.search(r"## A sample\n\nAnswers .*?:\n\n````\n(.*?)\n````\n", readme, re.DOTALL)[1].splitlines()
    if task == "text-classification":
        model = charrnn.load("x", checkpoints=runs)
        assert len(shown) > 2
        for line in shown:
            given, answer = re.fullmatch(r"(.*) -> (\w+)( \(wanted: .*\))?", line).groups()[:2]
            assert [answer] == model.predict([given])
    assert shown
    assert "## A sample" not in alone
    assert alone.split("\n# ")[1].startswith("alone\n")


def test_a_series_is_told_as_numbers(runs, tmp_path):
    readme, _ = readme_of(runs, tmp_path, *ANSWERERS["series"][:2])
    assert "A model that forecasts a series of numbers: " in readme
    assert "character" not in readme.split("## Settings")[0].replace("character-level-", "")


def commands_and_texts(readme):
    """The commands that a README tells, and the text that each has drawn."""
    drawn = re.findall(r"Drawn with `(charrnn sample .*?)`:\n\n````\n(.*?)\n````\n", readme, re.DOTALL)
    return [(shlex.split(command)[2:], text) for command, text in drawn]


@pytest.mark.parametrize("options", [{"documents": "line"}, {"task": "conditional", "columns": "2,1"}])
def test_every_command_draws_the_texts_below_it(options, runs, tmp_path):
    readme, _ = readme_of(runs, tmp_path, NAMES, options)
    drawn = commands_and_texts(readme)
    assert len(drawn) == (2 if "task" in options else 1)
    model = charrnn.load(runs / "x" / "last.safetensors")
    for (file, *arguments), text in drawn:
        assert file == "model.safetensors"
        how = dict(zip(arguments[::2], arguments[1::2], strict=True))
        writer = model.given(how.pop("--given")) if "task" in options else model
        count, seed = int(how.pop("--num-samples", 1)), int(how.pop("--rng-seed"))
        assert count == (1 if "task" in options else 8)
        settings = {"temperature": float(how.pop("--temperature")), "length": int(how.pop("--length"))}
        assert not how
        samples = writer.samples(num_samples=count, rng_seed=seed, **settings)
        assert text == "\n".join(sample.text for sample in samples)


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("best", "cat"),
        ("mixture", "cat"),
        ("step-000000004", "cat-step-000000004"),
        ("step-x", "step-x"),
        ("other", "other"),
    ],
)
def test_a_readme_has_the_name_of_the_run(file, name, corpus, runs):
    for _ in charrnn.train(corpus, checkpoints=runs, seq_length=10, **SMALL):
        pass
    path = runs / "cat" / f"{file}.safetensors"
    path.write_bytes((runs / "cat" / "last.safetensors").read_bytes())
    readme = TARGET.files(Exported.read(path))["README.md"].decode()
    assert f"\n# {name}\n" in readme
