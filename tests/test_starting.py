import argparse
import optparse
import re
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from jobs import SMALL, TEXT, metrics, train

from charrnn.errors import ConfigError, CorpusError, RunError
from charrnn.kinds.metric import BITS_PER_CHARACTER
from charrnn.scoring.streams import score
from charrnn.starting import open_job
from charrnn.storage.checkpoint import load_checkpoint
from charrnn.storage.corpus import read_corpus
from charrnn.storage.run_metadata import RunMetadata
from charrnn.text.vocabulary import END
from charrnn.training.progress import Progress
from charrnn.training.settings import TrainingSettings
from charrnn.workers import Workers


@pytest.fixture
def slow(monkeypatch):
    """A machine that is measured to be so slow that a planned run has a few steps, and is never late."""
    monkeypatch.setattr("charrnn.starting.training_speed", lambda *_, **__: 2.0)


def test_a_run_of_minutes_is_planned_and_its_time_has_begun(corpus, runs, slow):
    job = open_job([corpus], checkpoints=runs, minutes=20, **SMALL)
    assert job.started.plan == job.plan.reasons
    assert job.trainer.settings.steps == job.plan.options["steps"] > 0
    assert job.trainer.config.cell == job.plan.options["cell"]
    assert job.trainer.clock.seconds > 0
    job.close()


def test_a_run_of_no_time_at_all_learns_something(corpus, runs):
    _, events = train(corpus, checkpoints=runs, minutes=1e-5)
    assert events[-1].step > 0
    assert metrics(runs)


@pytest.mark.parametrize("options", [{"plan": False}, {"steps": 3}, {"model": "ngram"}])
def test_other_runs_have_the_defaults(corpus, runs, options):
    job = open_job([corpus], checkpoints=runs, threads=1, **options)
    assert (job.plan, job.started.plan) == (None, ())
    assert job.trainer.settings.weight_decay == TrainingSettings.weight_decay
    job.close()


def test_a_planned_run_is_resumed_as_planned(corpus, runs, slow):
    first, _ = train(corpus, checkpoints=runs, minutes=20, stop_after=2)
    second, _ = train(checkpoints=runs, resume=True)
    assert second.plan is None
    assert RunMetadata.read(second.run.metadata).plan == first.plan.reasons
    assert second.trainer.settings == first.trainer.settings
    assert second.trainer.progress.step == first.plan.options["steps"]


def test_a_planned_run_from_another_ones_weights_has_its_shape(corpus, runs, slow):
    train(corpus, checkpoints=runs, steps=5)
    job = open_job([corpus], name="new", checkpoints=runs, init_from="cat", minutes=20)
    job.close()
    assert job.trainer.config.hidden_size == SMALL["hidden_size"]
    assert job.plan.options.keys() == {"weight_decay", "steps", "eval_every", "warmup_steps"}


@pytest.fixture
def other(tmp_path):
    """A text with characters that the corpus lacks, and without some that it has."""
    path = tmp_path / "fish.txt"
    path.write_text("A fish, a Fish! No cat.\n" * 90)
    return str(path)


@pytest.mark.parametrize("shape", [{}, {"embedding_size": 0, "num_layers": 2}, {"model": "tdnn", "context_size": 4}])
def test_a_run_starts_where_another_ended(corpus, runs, shape):
    origin, _ = train(corpus, checkpoints=runs, steps=20, eval_every=10, **shape)
    best = load_checkpoint(runs / "cat" / "best.safetensors")
    job = open_job([corpus], checkpoints=runs, name="again", init_from="cat", batch_size=4, rng_seed=3)
    assert job.started.notes == ("starts from a trained model; characters that are new to it: 0",)
    assert job.trainer.config == origin.trainer.config
    tensors, header = job.trainer.snapshot()
    learned = [name for name in best.tensors if not name.startswith(("optimizer.", "state."))]
    assert all(np.array_equal(tensors[name], best.tensors[name]) for name in learned)
    assert not any(tensors[name].any() for name in tensors if name not in learned)
    assert header["progress"] == Progress().to_dict(BITS_PER_CHARACTER)
    model = job.trainer.config.kind.load(job.trainer.config, tensors, Workers(1))
    val_ids = job.trainer.vocabulary.encode(TEXT[int(0.9 * len(TEXT)) :])
    assert score(model, val_ids).bits_per_character == pytest.approx(origin.trainer.progress.best, abs=1e-12)
    job.close()


@pytest.mark.parametrize("shape", [{}, {"embedding_size": 0}, {"model": "tdnn"}])
def test_a_run_from_another_ones_weights_is_resumed_exactly_wherever_that_lay(corpus, other, runs, tmp_path, shape):
    train(corpus, checkpoints=runs, steps=10, **shape)
    options = {"init_from": str(runs / "cat"), "steps": 30, "eval_every": 8, "dropout": 0.1}
    whole, _ = train(other, checkpoints=tmp_path / "whole", **options)
    assert whole.trainer.vocabulary.symbols == "".join(sorted(set(TEXT + "A fish, a Fish! No cat.\n")))
    assert whole.started.notes == ("starts from a trained model; characters that are new to it: 6",)
    shutil.move(runs / "cat" / "best.safetensors", tmp_path / "moved")
    shutil.rmtree(runs)
    parts, options = tmp_path / "parts", options | {"init_from": tmp_path / "moved"}
    train(other, checkpoints=parts, stop_after=3, **options)
    train(other, checkpoints=parts, resume=True, stop_after=17, threads=2)
    (parts / "fish" / "corpus.safetensors").unlink()
    train(checkpoints=parts, resume=True)
    for name in ("last.safetensors", "best.safetensors"):
        assert (parts / "fish" / name).read_bytes() == (tmp_path / "whole" / "fish" / name).read_bytes()
    assert metrics(parts, "fish") == metrics(tmp_path / "whole", "fish")


def test_a_run_may_take_the_place_of_the_one_that_it_starts_from(corpus, other, runs):
    train(corpus, checkpoints=runs, steps=5)
    job, events = train(other, checkpoints=runs, name="cat", init_from="cat", overwrite=True, steps=3)
    assert events[-1].step == 3
    assert "F" in job.trainer.vocabulary
    job, _ = train(other, checkpoints=runs, name="cat", overwrite=True, steps=3)
    assert "m" not in job.trainer.vocabulary


def test_a_run_that_cannot_begin_leaves_the_text_of_the_one_that_it_would_replace(corpus, other, runs, monkeypatch):
    with Path(corpus).open() as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        train("-", checkpoints=runs, name="cat", steps=3)
    before = {path.name: path.read_bytes() for path in (runs / "cat").iterdir()}
    long = Path(other).with_name("long")
    long.write_text("fish " * 100_000)
    with pytest.raises(ConfigError, match="seq_length 0 unrolls the whole text"):
        train(long, checkpoints=runs, name="cat", overwrite=True, seq_length=0)
    assert {path.name: path.read_bytes() for path in (runs / "cat").iterdir()} == before
    _, events = train(checkpoints=runs, resume=True, steps=5)
    assert events[-1].step == 5
    train(other, checkpoints=runs, name="cat", overwrite=True, steps=2)
    assert (runs / "cat" / "corpus.safetensors").read_bytes() != before["corpus.safetensors"]
    assert not (runs / "cat" / ".new").exists()


def test_what_another_run_has_learned_is_worth_many_steps(runs):
    options = {"checkpoints": runs, "hidden_size": 48, "batch_size": 16, "steps": 150, "threads": 2}
    train(argparse.__file__, **options)
    best = [
        train(optparse.__file__, name=name, **options, **start)[1][-1].best
        for name, start in (("new", {}), ("old", {"init_from": "argparse"}))
    ]
    assert best[1] < best[0] - 0.2


def test_a_model_of_bytes_passes_its_unit_on(corpus, runs):
    train(corpus, checkpoints=runs, steps=2, as_bytes=True)
    job, _ = train(corpus, checkpoints=runs, name="more", init_from="cat", steps=2)
    assert job.trainer.vocabulary.unit == "byte"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"hidden_size": 32, "cell": "gru", "dropout": 0.5},
            ConfigError,
            "hidden_size is 16 .* cell is 'lstm' in this ",
        ),
        ({"as_bytes": True}, ConfigError, "reads characters and cannot become one of bytes"),
        ({"resume": True, "name": "cat"}, ConfigError, "give --resume or --init-from, not both"),
        ({"init_from": "dog"}, RunError, "no run or checkpoint 'dog'"),
        ({"documents": ""}, ConfigError, "documents must be line, file or what separates them"),
        ({"init_from": "counts"}, ConfigError, "a model ngram has no weights to start from, but counts"),
        ({"dropout": 1.5}, ConfigError, "dropout must be"),
        ({"steps": -1}, ConfigError, "steps must be"),
    ],
)
def test_what_another_ones_weights_do_not_fit_is_refused(corpus, runs, options, error, message):
    train(corpus, checkpoints=runs, steps=2)
    train(corpus, checkpoints=runs, name="counts", model="ngram", order=2, **dict.fromkeys(SMALL))
    with pytest.raises(error, match=message):
        open_job([corpus], **{"checkpoints": runs, "name": "new", "init_from": "cat", **options})
    assert not (runs / "new").exists()


@pytest.mark.parametrize("options", [{}, {"as_bytes": True}, {"documents": "line"}])
@pytest.mark.parametrize("way", ["deleted", "a folder renamed", "without a name", "emptied"])
def test_a_run_goes_on_when_its_text_is_gone(tmp_path, runs, way, options):
    folder = tmp_path / "books.d"
    folder.mkdir()
    (folder / "cat.txt").write_text(TEXT)
    source = str(folder if way == "emptied" else folder / "cat.txt")
    options = {"name": "cat", "eval_every": 8, **options}
    train(source, checkpoints=tmp_path / "whole", steps=20, **options)
    train(source, checkpoints=runs, steps=20, stop_after=7, **options)
    shutil.move(folder, tmp_path / "elsewhere")
    if way == "emptied":
        folder.mkdir()
    job, _ = train(*([] if way == "without a name" else [source]), checkpoints=runs, name="cat", resume=True)
    assert any("the run goes on with its own copy" in note for note in job.started.notes)
    for name in ("last.safetensors", "best.safetensors"):
        assert (runs / "cat" / name).read_bytes() == (tmp_path / "whole" / "cat" / name).read_bytes()
    job, _ = train(str(tmp_path / "elsewhere" / "cat.txt"), checkpoints=runs, resume=True, steps=21)
    assert not any("copy" in note for note in job.started.notes)


def test_a_text_that_is_gone_and_has_no_copy_is_missed(corpus, runs):
    train(corpus, checkpoints=runs, steps=3)
    Path(corpus).unlink()
    copy = runs / "cat" / "corpus.safetensors"
    with pytest.raises(CorpusError, match="there is no such file"):
        train(corpus, checkpoints=runs, name="new", steps=3)
    copy.write_bytes(copy.read_bytes()[:-5] + b"\0\0\0\0\1")
    with pytest.raises(CorpusError, match="there is no such file"):
        train(checkpoints=runs, resume=True, steps=4)
    copy.unlink()
    with pytest.raises(CorpusError, match="there is no such file"):
        train(corpus, checkpoints=runs, resume=True, steps=4)


@pytest.mark.parametrize("name", ["हिन्दी.txt", "cafe\u0301.txt", "می\u200cخواهم.txt"])
def test_a_run_under_its_older_name_is_still_found(tmp_path, runs, name):
    source = tmp_path / name
    source.write_text(TEXT)
    train(str(source), checkpoints=runs, steps=2)
    older = runs / re.sub(r"[^\w.-]", "-", source.stem)
    (runs / source.stem).rename(older)
    job, events = train(str(source), checkpoints=runs, resume=True, steps=3)
    assert (job.run.folder, events[-1].step) == (older, 3)
    train(str(source), checkpoints=runs, steps=2)
    job, _ = train(str(source), checkpoints=runs, resume=True, steps=4)
    assert job.run.name == source.stem


def test_the_run_of_a_folder_that_is_gone_is_found(tmp_path, runs):
    folder = tmp_path / "poems.v1"
    folder.mkdir()
    (folder / "a").write_text(TEXT)
    train(str(folder), checkpoints=runs, steps=2)
    shutil.rmtree(folder)
    _, events = train(str(folder), checkpoints=runs, resume=True, steps=3)
    assert events[-1].step == 3


@pytest.mark.parametrize(
    ("documents", "text"),
    [(r"\n\n", "one two\r\n\r\nthree\n\n" * 40), ("line", "one two\rthree\r" * 40), (r"%\n", "a b%\r\nc%\n" * 40)],
)
@pytest.mark.parametrize("is_given", [False, True])
def test_a_run_whose_text_was_split_before_all_line_ends_counted_is_resumed(
    tmp_path, runs, monkeypatch, documents, text, is_given
):
    source = tmp_path / "old.txt"
    source.write_bytes(text.encode())
    with monkeypatch.context() as patch:
        patch.setattr("charrnn.starting.read_corpus", partial(read_corpus, old_split=True))
        train(source, checkpoints=runs, documents=documents, steps=2)
    (runs / "old" / "corpus.safetensors").unlink()
    sources = [source] if is_given else []
    job = open_job(sources, checkpoints=runs, resume=True, steps=3, **({} if is_given else {"name": "old"}))
    assert job.started.resumed_from == 2
    list(job.events())


@pytest.mark.parametrize("options", [{}, {"documents": "line"}, {"model": "tdnn"}])
def test_a_run_without_rare_characters_is_resumed_so(tmp_path, runs, options):
    source = tmp_path / "rare.txt"
    source.write_text("the cat sat on the mat\n" * 60 + "é日“x”\n" + "the cat\n" * 9, "utf-8")
    train(source, checkpoints=runs, min_count=5, steps=2, **options)
    header = load_checkpoint(runs / "rare" / "last.safetensors").header
    assert set(header["vocabulary"]["symbols"]) <= {*"the cat sat on the mat\n", END}
    assert header["corpus"]["min_count"] == 5
    (runs / "rare" / "corpus.safetensors").unlink()
    job = open_job([source], checkpoints=runs, resume=True, steps=3)
    assert job.started.vocabulary == len(header["vocabulary"]["symbols"])
    job.close()
    with pytest.raises(ConfigError, match="min_count is 5 in this run and cannot become 3"):
        open_job([source], checkpoints=runs, resume=True, min_count=3)


def test_bytes_are_not_rare(corpus, other, runs):
    with pytest.raises(ConfigError, match="min_count is for characters, not for bytes"):
        open_job([corpus], checkpoints=runs, as_bytes=True, min_count=2)
    train(corpus, checkpoints=runs, as_bytes=True, name="bytes", steps=1)
    with pytest.raises(ConfigError, match="min_count is for characters, not for bytes"):
        open_job([other], checkpoints=runs, init_from="bytes", min_count=2)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("".join(map(chr, range(0x4E00, 0x4E00 + 1500))) + "a" * 99, "1,500 of 1,501 different characters"),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 1500))) * 5, None),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 900))), None),
    ],
)
def test_a_large_vocabulary_of_rare_characters_is_told(tmp_path, runs, text, note):
    source = tmp_path / "large.txt"
    source.write_text(text, "utf-8")
    job = open_job([source], checkpoints=runs, steps=1, **SMALL)
    job.close()
    assert any("--min-count 5" in line and line.startswith(note or "") for line in job.started.notes) == bool(note)
    job = open_job([source], checkpoints=runs, steps=1, min_count=1, overwrite=True, **SMALL)
    job.close()
    assert not any("--min-count" in line for line in job.started.notes)


def test_a_separator_of_surrogates_is_its_character(tmp_path, runs):
    source = tmp_path / "clefs.txt"
    source.write_text("do re mi𝄞fa so𝄞" * 40, "utf-8")
    train(source, checkpoints=runs, documents="\ud834\udd1e", steps=1)
    for documents in ("𝄞", "\ud834\udd1e"):
        job = open_job([source], checkpoints=runs, documents=documents, resume=True, steps=2)
        assert job.started.resumed_from == 1
        job.close()


def test_several_files_are_counted_and_it_is_said_that_they_are_one_text(runs, tmp_path):
    for number in range(3):
        (tmp_path / "poems" / str(number)).mkdir(parents=True)
        (tmp_path / "poems" / str(number) / "poem.txt").write_text(TEXT)
    folder, one = str(tmp_path / "poems"), str(tmp_path / "poems" / "0" / "poem.txt")
    hint = "3 files are read as one text; --documents file learns where each ends"
    for name, sources, options, files, notes in (
        ("all", [folder], {}, 3, [hint]),
        ("apart", [folder], {"documents": "file"}, 3, []),
        ("one", [one], {}, 1, []),
        ("counts", [folder], {"model": "ngram"}, 3, []),
        ("on", [folder], {"init_from": "one"}, 3, []),
    ):
        small = SMALL if name in ("all", "apart", "one") else {"threads": 1}
        if options.get("model") != "ngram":
            small = {**small, "steps": 1}
        job = open_job(sources, name=name, checkpoints=runs, **small, **options)
        list(job.events())
        assert job.started.files == files
        assert [note for note in job.started.notes if "files" in note] == notes
    job = open_job(name="all", checkpoints=runs, resume=True)
    assert (job.started.files, job.started.notes) == (3, ())
    job.close()
    shutil.rmtree(folder)
    job = open_job(name="all", checkpoints=runs, resume=True)
    assert job.started.files == 0
    job.close()
