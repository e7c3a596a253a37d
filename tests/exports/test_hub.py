import re
import xml.etree.ElementTree as ET

import pytest

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


def test_a_model_that_answers_has_no_sample(runs, tmp_path):
    (tmp_path / "x.txt").write_text("the cat\tcat\nthe dog\tdog\n" * 20)
    for _ in charrnn.train(tmp_path / "x.txt", checkpoints=runs, task="label", **SMALL):
        pass
    readme = TARGET.files(Exported.read(runs / "x" / "last.safetensors"))["README.md"].decode()
    assert "## A sample" not in readme
    assert "charrnn predict model.safetensors" in readme
