import os
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charrnn.api import Model
from charrnn.errors import CheckpointError, RunError, VocabularyError
from charrnn.kinds.config import make_config
from charrnn.models.language.network import Network
from charrnn.models.language.parameters import LanguageParameters
from charrnn.sampling.settings import SamplingSettings
from charrnn.sampling.streams import Streams
from charrnn.storage.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from charrnn.text.symbols import to_text
from charrnn.text.vocabulary import Vocabulary

DATA = Path(__file__).parent
SYMBOLS = "\n abcdefgh"


def make_model(seed=0, symbols=SYMBOLS, unit="character"):
    config = make_config(vocab_size=len(symbols), hidden_size=12, num_layers=2)
    parameters = LanguageParameters(config).initialise(seed)
    parameters.vector *= 5
    return Model(Network(parameters), Vocabulary(symbols, unit))


@pytest.fixture(scope="module")
def model():
    return make_model()


def test_a_saved_state_goes_on_as_one_long_sample(model, tmp_path):
    whole = model.sample("abc", length=300, rng_seed=5)
    session = model.session(rng_seed=5)
    text = session.read("abc")
    for n, length in enumerate((0, 1, 30, 69)):
        text += "".join(session.stream(length=length))
        session.save(tmp_path / f"{n}.safetensors")
        session = model.session(rng_seed=n)
        session.restore(tmp_path / f"{n}.safetensors")
    assert text + "".join(session.stream(length=200)) == whole


def test_an_abandoned_stream_has_read_what_it_gave(model, tmp_path):
    whole = model.sample("abc", length=200, rng_seed=5)
    session = model.session(rng_seed=5)
    text = session.read("abc")
    for wanted in (4, 5, 50, 51, 130):
        for character in session.stream(length=1000, stop=["hhhhhh"]):
            text += character
            if len(text) >= wanted:
                break
    assert text == whole[:130]
    assert text + "".join(session.stream(length=73)) == whole


@pytest.mark.parametrize("length", [10, 1000])
@pytest.mark.parametrize("how", ["save", "stream", "read", "reseed"])
def test_a_stream_that_is_open_ends_when_the_session_goes_on_otherwise(model, tmp_path, how, length):
    def begin(count):
        session = model.session(rng_seed=5)
        stream = session.stream(length=length)
        return session, stream, "".join(next(stream) for _ in range(count))

    def go_on(session):
        if how == "save":
            session.save(str(tmp_path / "state"))
            session = model.session(rng_seed=0)
            session.restore(str(tmp_path / "state"))
        elif how == "read":
            session.read("dad")
        elif how == "reseed":
            session.reseed(8)
        return "".join(session.stream(length=30))

    session, stream, given = begin(10)
    stream.close()
    wanted = go_on(session)
    session, stream, again = begin(10)
    assert (again, go_on(session)) == (given, wanted)
    assert list(stream) == []


LEFT_OPEN = """
import sys, types
from charrnn.api import Model
from charrnn.kinds.config import make_config
from charrnn.models.language.network import Network
from charrnn.models.language.parameters import LanguageParameters
from charrnn.text.vocabulary import Vocabulary
model = Model(Network(LanguageParameters(make_config(vocab_size=3, hidden_size=8)).initialise(0)), Vocabulary("abc"))
module = sys.modules["holder"] = types.ModuleType("holder")
module.stream = model.stream("abc", length=1000)
module.itself = module
print("".join(next(module.stream) for _ in range(30)))
"""


def test_python_ends_while_a_stream_is_open():
    done = subprocess.run([sys.executable, "-c", LEFT_OPEN], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, len(done.stdout)) == (0, "", 31)


@settings(max_examples=25)
@given(st.lists(st.text("abcd", min_size=1, max_size=3), min_size=1, max_size=3))
def test_after_a_stop_text_the_text_goes_on_behind_it(model, stops):
    whole = model.sample("abc", length=400, rng_seed=6)
    session = model.session(rng_seed=6)
    text = session.read("abc")
    while len(text) < 150:
        text += "".join(session.stream(length=100, stop=stops))
        following = "".join(session.stream(length=5))
        # which of them it was shows in what comes next
        ends = [stop for stop in stops if whole.startswith(text + stop + following)]
        assert ends or whole.startswith(text + following)
        text += (ends[0] if ends else "") + following
    assert whole.startswith(text)


def test_interrupted_while_it_reads_it_has_read_nothing(model, monkeypatch):
    def go_on(interrupted):
        session = model.session(rng_seed=3)
        session.read("abc")
        if interrupted:
            calls = []

            def run(*arguments, original=Network.run):
                if calls:
                    raise KeyboardInterrupt
                calls.append(original(*arguments))

            with monkeypatch.context() as patch:
                patch.setattr(Network, "run", run)
                with pytest.raises(KeyboardInterrupt):
                    session.read("d" * 10_000)
            assert calls
        return "".join(session.stream(length=30))

    assert go_on(True) == go_on(False)


@pytest.mark.parametrize("chunk", [1, 2, 3])
def test_interrupted_after_a_draw_it_has_read_what_it_gave(model, monkeypatch, chunk):
    session, given, decoded = model.session(rng_seed=3), [], []
    original = Vocabulary.decode

    def decode(vocabulary, ids):
        decoded.append(ids)
        if len(decoded) == chunk:
            raise KeyboardInterrupt
        return original(vocabulary, ids)

    session.read("abc")
    with monkeypatch.context() as patch:
        patch.setattr(Vocabulary, "decode", decode)
        with pytest.raises(KeyboardInterrupt):
            given.extend(session.stream(length=100))
    assert len(given) < sum(map(len, decoded))
    text = "".join([*given, *session.stream(length=100 - len(given))])
    session = model.session(rng_seed=3)
    session.read("abc")
    assert text == "".join(session.stream(length=100))


@pytest.mark.parametrize("portion", [1, 3, 1000, 0])
def test_of_steps_that_a_reader_does_not_take_nothing_has_been_read(model, portion):
    session, taken = model.session(rng_seed=3), ""
    for wanted in (50, 150):
        steps = session.steps(SamplingSettings(length=400), portion=portion)
        for step in steps:
            assert len(step.piece.symbols) <= (portion or 400)
            if not portion or len(taken) >= wanted:
                break  # while it reads this one
            taken += step.piece.symbols
        steps.close()
    text = "".join(session.stream(length=100))
    assert taken + text == "".join(model.session(rng_seed=3).stream(length=len(taken) + 100))


def test_steps_that_are_taken_have_been_read(model):
    session = model.session(rng_seed=3)
    for portion in (1, 0, 7):
        text = "".join(step.piece.symbols for step in session.steps(SamplingSettings(length=60), portion=portion))
        assert len(text) == 60
    following = "".join(session.stream(length=20))
    assert "".join(model.session(rng_seed=3).stream(length=200))[120:] == text + following


def test_reading_between_draws_is_a_text_of_its_own(model):
    session = model.session(rng_seed=1)
    session.read("abc")
    drawn = "".join(session.stream(length=20, temperature=0))
    session.read("de")
    further = "".join(session.stream(length=20, temperature=0))
    assert model.sample("abc" + drawn + "de", length=20, temperature=0).endswith(further)


def test_nothing_read_begins_like_a_sample_without_a_seed(model, tmp_path):
    session = model.session(rng_seed=1)
    session.save(tmp_path / "s.safetensors")
    assert "".join(model.session(rng_seed=1).stream(length=20)) == model.sample(length=20, rng_seed=1)
    assert "".join(session.stream(length=20)) == model.sample(length=20, rng_seed=1)


@pytest.mark.parametrize("how", ["saved", "restored", "stream", "steps"])
def test_a_session_that_has_given_nothing_begins_with_what_it_reads(model, tmp_path, how):
    session = model.session(rng_seed=5)
    if how in ("saved", "restored"):
        session.save(tmp_path / "state")
    if how == "restored":
        session = model.session(rng_seed=6)
        session.restore(tmp_path / "state")
    elif how == "stream":
        assert list(session.stream(length=0)) == []
    elif how == "steps":
        for _ in session.steps(SamplingSettings(length=30), portion=0):
            break
    text = session.read("abc") + "".join(session.stream(length=50, temperature=1))
    assert text == model.sample("abc", length=50, temperature=1, rng_seed=5)


def test_interrupted_while_it_draws_again_it_can_go_on(model, monkeypatch, tmp_path):
    session = model.session(rng_seed=5)
    stream = session.stream(length=2000)
    given = [next(stream) for _ in range(700)]

    def draw(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Streams, "draw", draw)
        with pytest.raises(KeyboardInterrupt):
            session.save(tmp_path / "state")
    given += session.stream(length=100)
    assert given == list(model.session(rng_seed=5).stream(length=len(given)))


def test_a_step_that_is_taken_has_been_read_though_none_is_asked_for(model):
    session = model.session(rng_seed=3)
    steps = session.steps(SamplingSettings(length=30), portion=7)
    step = next(steps)
    session.take()
    text = step.piece.symbols + "".join(session.stream(length=20))
    assert text == "".join(model.session(rng_seed=3).stream(length=len(text)))


def test_another_seed_draws_another_text(model):
    texts = []
    for seed in (None, 9, 9):
        session = model.session(rng_seed=1)
        session.read("a")
        if seed:
            session.reseed(seed)
        texts.append("".join(session.stream(length=30)))
    assert texts[0] != texts[1] == texts[2]


def test_unknown_characters_leave_the_session_as_it_was(model):
    session = model.session(rng_seed=1)
    session.read("ab")
    with pytest.raises(VocabularyError):
        session.read("abZ")
    assert session.read("cZ", unknown="skip") == "c"
    assert "abc" + "".join(session.stream(length=20)) == model.sample("abc", length=20, rng_seed=1)


def test_a_state_of_another_model_or_another_file_is_an_error(model, tmp_path):
    state = tmp_path / "s.safetensors"
    model.session(rng_seed=1).save(state)
    for other in (make_model(seed=1), make_model(symbols="\n abcdefgi")):
        with pytest.raises(CheckpointError, match="belongs to another model"):
            other.session().restore(state)
    save_checkpoint(state, Checkpoint({"x": np.zeros(1)}, {"config": {}}))
    with pytest.raises(CheckpointError, match="is not a saved state but a model"):
        model.session().restore(state)
    state.write_text("x")
    with pytest.raises(CheckpointError, match="not a checkpoint of charrnn"):
        model.session().restore(state)


def test_a_state_that_cannot_be_written_is_an_error(model, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for name in ("file/s.safetensors", "circle", "."):
        with pytest.raises(RunError, match=r"cannot write the state .*; choose another file"):
            model.session().save(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no FIFOs of this kind")
def test_a_state_does_not_replace_what_is_no_file(model, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(RunError, match="it is no file; choose another file"):
        model.session().save(tmp_path / "fifo")
    assert (tmp_path / "fifo").is_fifo()


def test_the_folder_of_a_state_is_made(model, tmp_path):
    model.session().save(tmp_path / "a" / "b" / "s.safetensors")
    model.session().restore(tmp_path / "a" / "b" / "s.safetensors")


@settings(max_examples=60)
@given(st.text(), st.integers(0, 40), st.sampled_from(["character", "byte"]))
def test_any_prefix_and_any_length(prefix, length, unit):
    model = MODELS[unit]
    read = model.session().read(prefix, unknown="replace")
    drawn = list(model.stream(prefix, length=length, rng_seed=1, unknown="replace"))
    sample = model.sample(prefix, length=length, rng_seed=1, unknown="replace")
    assert len(drawn) == length
    assert sample == to_text("".join([read, *drawn]), unit)


MODELS = {"character": make_model(), "byte": make_model(symbols="".join(map(chr, range(256))), unit="byte")}


def test_a_state_that_does_not_fit_is_an_error(model, tmp_path):
    session = model.session(rng_seed=1)
    session.read("ab")
    session.save(tmp_path / "state")
    good = load_checkpoint(tmp_path / "state")
    for tensors in (
        {"last": np.array([9999], np.int32)},
        {"generator": np.zeros((1, 3), np.uint64)},
        {"state_l0.h": np.zeros((1, 2), np.float32)},
    ):
        save_checkpoint(tmp_path / "bad", Checkpoint(good.tensors | tensors, good.header))
        with pytest.raises(CheckpointError, match=r"that fits|invalid character"):
            session.restore(tmp_path / "bad")
    session.restore(tmp_path / "state")


@pytest.mark.parametrize("state", ["state.safetensors", "state-moved.safetensors"])
def test_a_state_saved_by_an_earlier_version_goes_on_as_it_did(state):
    model = Model.load(DATA / "data" / "golden" / "cell-gru.safetensors")
    session = model.session(rng_seed=0)
    session.restore(DATA / "storage" / "old" / state)
    assert "".join(islice(session.stream(), 12)) == "tnnoo   tnme"
