import copy
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import charrnn
from charrnn.errors import CheckpointError, ConfigError, CorpusError, RunError, VocabularyError
from charrnn.kernels import processor
from charrnn.training.events import Evaluated, Finished, Started

TEXT = "the cat sat on the mat, and the dog sat on the cat.\n" * 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("api")
    (folder / "cat.txt").write_text(TEXT)
    events = charrnn.train(
        folder / "cat.txt", checkpoints=folder / "runs", hidden_size=16, steps=150, learning_rate=0.03
    )
    (folder / "events").write_text(" ".join(type(event).__name__ for event in events))
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return charrnn.load(checkpoints=folder / "runs")


def test_training_yields_events_from_started_to_finished(folder):
    names = (folder / "events").read_text().split()
    assert names[0] == Started.__name__
    assert names[-1] == Finished.__name__
    assert names.count("StepDone") == 150


def test_a_model_is_found_by_name_folder_or_file_and_as_the_newest(folder, model):
    runs = folder / "runs"
    for target in ("cat", runs / "cat", runs / "cat" / "best.safetensors", None):
        assert np.array_equal(charrnn.load(target, checkpoints=runs).parameters.vector, model.parameters.vector)
    with pytest.raises(RunError, match="no run"):
        charrnn.load(checkpoints=folder / "none")


def test_a_sample_begins_with_its_seed_and_has_the_length_asked_for(model):
    text = model.sample("the ", length=30, rng_seed=1)
    assert text.startswith("the ")
    assert len(text) == 34
    assert text == model.sample("the ", length=30, rng_seed=1) != model.sample("the ", length=30, rng_seed=2)
    assert len(model.sample(length=5)) == 5
    assert model.sample("cat", length=0) == "cat"


def test_at_temperature_zero_a_sample_is_the_most_probable_text(model):
    assert model.sample("the cat", length=40, temperature=0).startswith("the cat sat on the ")


def test_a_stream_gives_one_character_at_a_time(model):
    stream = model.stream("the ", length=3, rng_seed=1)
    assert ["".join(stream)] == [model.sample("the ", length=3, rng_seed=1)[4:]]


def test_the_score_of_the_validation_text_is_what_training_reported(folder, model):
    metrics = [json.loads(line) for line in (folder / "runs" / "cat" / "metrics.jsonl").read_text().splitlines()]
    best = min(record["val_bpc"] for record in metrics)
    assert model.score(TEXT[int(0.9 * len(TEXT)) :]).bits_per_character == pytest.approx(best, abs=1e-6)


def test_an_unknown_character_is_an_error(model):
    with pytest.raises(VocabularyError, match="'Q'"):
        model.sample("Quick")
    with pytest.raises(VocabularyError):
        model.score("the Quick")
    with pytest.raises(ConfigError, match="characters, not bytes"):
        model.score(b"the cat")


def test_a_model_of_bytes_reads_and_writes_any_text(tmp_path):
    corpus = tmp_path / "b.txt"
    corpus.write_bytes("žluťoučký kůň\n".encode() * 60)
    runs = tmp_path / "runs"
    list(
        charrnn.train(
            corpus, checkpoints=runs, as_bytes=True, hidden_size=24, steps=200, learning_rate=0.03, batch_size=4
        )
    )
    model = charrnn.load(checkpoints=runs)
    assert model.vocabulary.unit == "byte"
    assert model.sample("žluť", length=14, temperature=0).startswith("žluťoučký")
    assert model.score("kůň").characters == len("kůň".encode()) - 1


def test_a_damaged_header_is_an_error(folder, tmp_path):
    from charrnn.storage.checkpoint import load_checkpoint, save_checkpoint

    checkpoint = load_checkpoint(folder / "runs" / "cat" / "best.safetensors")
    path = tmp_path / "x.safetensors"
    for damage in ({"vocabulary": {"symbols": "ab", "unit": "character"}}, {"config": {"hidden": 1}}, {"config": None}):
        save_checkpoint(path, type(checkpoint)(checkpoint.tensors, checkpoint.header | damage))
        with pytest.raises(CheckpointError):
            charrnn.load(path)


def test_a_model_is_read_in_the_precision_asked_for(folder, model):
    exact = charrnn.load(checkpoints=folder / "runs", precision="float64")
    assert (model.config.precision, exact.config.precision) == ("float32", "float64")
    assert exact.parameters.vector.dtype == np.float64
    scores = [each.score(TEXT[:300]) for each in (model, exact)]
    assert scores[0].nats != scores[1].nats
    assert np.allclose(scores[0].bits[1:], scores[1].bits[1:], atol=1e-4)
    assert len(exact.sample("the ", length=20)) == 24
    with pytest.raises(ConfigError, match="unknown precision 'float16'"):
        charrnn.load(checkpoints=folder / "runs", precision="float16")


def test_a_model_of_bf16_is_read_in_float32_where_the_processor_lacks_it_or_as_it_is(folder, tmp_path, monkeypatch):
    from charrnn.storage.checkpoint import load_checkpoint, save_checkpoint

    checkpoint = load_checkpoint(folder / "runs" / "cat" / "best.safetensors")
    header = checkpoint.header | {"config": checkpoint.header["config"] | {"precision": "bf16"}}
    save_checkpoint(tmp_path / "x.safetensors", type(checkpoint)(checkpoint.tensors, header))
    for here, precision in ((False, "float32"), (True, "bf16")):
        monkeypatch.setattr(processor, "BFLOAT16", here)
        assert charrnn.load(tmp_path / "x.safetensors").config.precision == precision
    monkeypatch.setattr(processor, "BFLOAT16", False)
    model = charrnn.load(tmp_path / "x.safetensors", precision="bf16")
    assert model.config.precision == "bf16"
    assert model.score(TEXT[:50]).bits_per_character > 0
    with pytest.raises(ConfigError, match="to train in precision bf16 needs a processor that"):
        model.score(TEXT[:50], dynamic=True)


def test_importing_the_package_loads_neither_numpy_nor_numba():
    code = "import sys, charrnn; print([m for m in ('numpy', 'numba', 'click') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_text_is_compared_with_a_corpus(folder):
    text = "A dog: " + TEXT[9:40] + "?"
    found = charrnn.novelty(text, folder / "cat.txt")
    assert (found.copied, [passage.text for passage in found.passages]) == (31, [TEXT[9:40]])
    assert charrnn.novelty(text.encode(), folder / "cat.txt") == found
    assert charrnn.novelty(text, folder / "cat.txt", shortest=32).copied == 0
    with pytest.raises(ConfigError, match="shortest must be a whole number of at least 1"):
        charrnn.novelty(text, folder / "cat.txt", shortest=0)


def test_a_text_is_looked_for_among_the_documents_of_a_corpus(tmp_path):
    (tmp_path / "names").write_text("anna\r\nzoë")
    for text, is_there in {"anna": True, "ann": False, "zoë": True, "anna\r\nzoë": False}.items():
        for form in (text, text.encode()):
            assert charrnn.novelty(form, tmp_path / "names", documents="line").document is is_there
            assert charrnn.novelty(form, tmp_path / "names").document is None
    assert charrnn.novelty("anna\r\nzoë", tmp_path / "names", documents="file").document
    assert charrnn.novelty(b"anna\r\nzo", tmp_path / "names", documents="ë").document


@pytest.mark.parametrize(
    "call",
    [
        *(lambda model, value=value: model.sample(value) for value in (5, None, Path("a"), ["a"])),
        lambda model: model.sample("the", temperature=10**400),
        *(lambda model, value=value: model.sample("the", stop=value) for value in (5, None, [5], [["a"]])),
        lambda model: model.sample("the", length=-(10**5000)),
        lambda model: model.sample("the", lenght=5),
        lambda model: model.sample("the", num_samples=2),
        lambda model: model.sample("the", length=True),
        lambda model: model.stream("the", lenght=5),
        lambda model: model.samples("the", num_samples="2"),
        *(lambda model, value=value: model.session().reseed(value) for value in ("x", None, 1.5)),
        *(lambda model, value=value: model.session().save(value) for value in (5, None, b"x", "a\0b", "\ud800")),
        *(lambda model, value=value: model.session().restore(value) for value in (5, None, b"x", "a\0b", "\ud800")),
        lambda model: model.session().read(5),
        lambda model: model.score(None),
        lambda model: model.score("the", dynamic_rate=0.1),
        lambda model: charrnn.novelty("the"),
        *(lambda model, value=value: model.score("the", dynamic=True, dynamic_rate=value) for value in ("1", 10**400)),
        *(lambda model, value=value: list(model.score_files(value)) for value in (5, None, b"x", "a\0b", "\ud800")),
        lambda model: list(model.score_files(__file__, encoding=5)),
        *(lambda model, value=value: model.score_exact_match(__file__, separator=value) for value in (5, "")),
        *(lambda model, value=value: charrnn.load("small", threads=value) for value in ("2", 1.5, 0)),
        lambda model: charrnn.load("small", checkpoints=5),
        lambda model: charrnn.load("small", precision=5),
        lambda model: charrnn.load(5),
        lambda model: charrnn.load("\ud800"),
        *(lambda model, value=value: charrnn.novelty(value, __file__) for value in (5, None)),
        lambda model: charrnn.novelty("a", 5),
        lambda model: charrnn.novelty("a", __file__, shortest="a"),
        lambda model: charrnn.novelty("a", __file__, documents=5),
        *(lambda model, value=value: charrnn.train(__file__, **value) for value in ({"threads": "2"}, {"keep": 1.5})),
        *(lambda model, value=value: charrnn.train(value) for value in (5, None, "a\0b")),
        lambda model: charrnn.train(__file__, documents=5),
        lambda model: charrnn.train(__file__, checkpoints=5),
        lambda model: charrnn.train(__file__, name=5),
        lambda model: charrnn.train(__file__, init_from=5),
    ],
)
def test_what_cannot_be_is_an_error_of_ours(model, call, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(charrnn.CharrnnError):
        call(model)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options", [{"hidden_size": 8, "steps": 3}, {"model": "ngram"}, {"model": "tdnn", "hidden_size": 8, "steps": 3}]
)
def test_a_model_can_be_copied_and_pickled(folder, tmp_path, options):
    for _ in charrnn.train(folder / "cat.txt", checkpoints=tmp_path, **options):
        pass
    model = charrnn.load(checkpoints=tmp_path, threads=1)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert (other.config, other.vocabulary) == (model.config, model.vocabulary)
        assert other.sample("the", rng_seed=2) == model.sample("the", rng_seed=2)


def test_a_model_says_what_it_is(model):
    assert repr(model) == f"<Model: lstm, 1 layer of 16, vocabulary of {len(model.vocabulary)}>"


def test_a_mistyped_option_is_answered_by_the_one_meant(model):
    with pytest.raises(ConfigError, match=r"unknown option 'lenght': did you mean length\? choose from length, "):
        model.sample("the", lenght=5)
    with pytest.raises(ConfigError, match=r"unknown option 'qqq': choose from length, "):
        model.stream("the", qqq=5)


def test_whole_numbers_may_be_of_numpy(folder, model):
    session = model.session(rng_seed=np.int64(3))
    session.reseed(np.int64(-5))
    other = charrnn.load(checkpoints=folder / "runs", threads=np.int64(1)).session(rng_seed=-5)
    assert list(session.stream(length=np.int32(30))) == list(other.stream(length=30))


def test_there_is_no_other_name():
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = charrnn.trian


def test_evaluations_are_events_too(folder):
    assert Evaluated.__name__ in (folder / "events").read_text()


def test_a_score_holds_the_bits_and_the_rank_of_each_character(model):
    text = "the cat sat on the dog"
    score = model.score(text)
    assert np.isnan(score.bits[0])
    assert len(score.bits) == len(score.ranks) == len(text)
    assert score.bits[1:].mean() == pytest.approx(score.bits_per_character)
    prefix = text[:-1]
    best = model.sample(prefix, length=1, temperature=0)[-1]
    assert model.score(prefix + best).ranks[-1] == 1


def test_a_score_can_be_in_one_pass_dynamic_or_pass_over_unknown_characters(model):
    text = TEXT[:1500]
    assert model.score(text, one_pass=True).nats == model.score(text).nats
    assert model.score(text, dynamic=True, dynamic_rate=1e-9).nats == pytest.approx(model.score(text).nats, rel=1e-4)
    assert model.score(text, dynamic=True).nats != model.score(text).nats
    assert model.score("the Qcat", unknown="skip").nats == pytest.approx(model.score("the cat").nats)


def test_files_are_scored_in_parts_that_add_up(model, folder):
    parts = list(model.score_files(folder / "cat.txt", folder / "cat.txt"))
    assert [part.piece.origin for part in parts] == [str(folder / "cat.txt")] * 2
    assert sum(part.nats for part in parts) == pytest.approx(model.score(TEXT * 2).nats)
    with pytest.raises(CorpusError, match="no such file"):
        list(model.score_files(folder / "none.txt"))


@pytest.mark.parametrize("kind", ["tdnn", "ngram"])
def test_models_of_a_finite_context_do_all_that_others_do(folder, tmp_path, kind):
    trained = {"hidden_size": 12, "context_size": 5, "steps": 60, "learning_rate": 0.03}
    options = trained if kind == "tdnn" else {"order": 5}
    for _ in charrnn.train(folder / "cat.txt", checkpoints=tmp_path / "runs", model=kind, **options):
        pass
    model = charrnn.load(checkpoints=tmp_path / "runs")
    assert model.config.model == kind
    score = model.score(TEXT)
    assert score.bits_per_character < 2
    whole = model.sample("the cat", length=40, rng_seed=4, temperature=1.0, top_k=5)
    assert whole == model.samples("the cat", num_samples=3, length=40, rng_seed=4, temperature=1.0, top_k=5)[0].text
    session = model.session(rng_seed=4)
    text = session.read("the cat") + "".join(session.stream(length=15, temperature=1.0, top_k=5))
    session.save(tmp_path / "state")
    session = model.session(rng_seed=9)
    session.restore(tmp_path / "state")
    assert text + "".join(session.stream(length=25, temperature=1.0, top_k=5)) == whole
    if kind == "tdnn":
        assert model.score(TEXT, dynamic=True, dynamic_rate=0.01).nats < score.nats
        return
    with pytest.raises(ConfigError, match="counts and no parameters"):
        model.score(TEXT, dynamic=True)
    with pytest.raises(ConfigError, match="precision bf16 is not for model ngram"):
        charrnn.load(checkpoints=tmp_path / "runs", precision="bf16")
