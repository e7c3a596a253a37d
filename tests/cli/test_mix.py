import json

import pytest

LINE = "the cat sat on the mat"
FORWARD, BACKWARD = f"{LINE}\n" * 80, f"{LINE[::-1]}\n" * 80
BOTH = f"{LINE}\n{LINE[::-1]}\n" * 60


@pytest.fixture
def two(tmp_path, invoke):
    """A folder with a network that knows one text, counts that know another, and a text of both."""
    for name, text in {"forward": FORWARD, "backward": BACKWARD, "both": BOTH}.items():
        (tmp_path / f"{name}.txt").write_text(text)
    small = ("--hidden-size", "12", "--batch-size", "4", "--seq-length", "20", "--threads", "1", "--steps", "60")
    where = ("--checkpoints", tmp_path / "runs", "--quiet")
    assert not invoke("train", tmp_path / "forward.txt", "--name", "net", *small, *where).exit_code
    ngram = ("--name", "short", "--model", "ngram", "--order", "4")
    assert not invoke("train", tmp_path / "backward.txt", *ngram, *where).exit_code
    return tmp_path


def mix(folder, name="mixed"):
    return ("mix", "net", "short", "--held-out", folder / "both.txt", "--no-counts", "-o", name, *on(folder))


def on(folder):
    return "--checkpoints", folder / "runs"


def test_a_mixture_is_a_run_that_writes_and_scores(two, invoke):
    mixed = json.loads(invoke(*mix(two), "--json").stdout)
    assert [member["model"] for member in mixed["members"]] == ["net", "short"]
    alone = min(member["nats_per_character"] for member in mixed["members"])
    assert mixed["nats_per_character"] < alone - 0.005
    drawn = invoke("sample", "mixed", "--length", "30", "--rng-seed", "1", *on(two)).stdout
    assert len(drawn) == 30
    again = invoke("sample", "mixed", "--length", "30", "--rng-seed", "1", "--threads", "2", *on(two)).stdout
    assert again == drawn
    scored = json.loads(invoke("eval", "mixed", two / "both.txt", "--json", *on(two)).stdout)
    assert 0 < scored["nats_per_character"] < 3
    assert "mixture" in invoke("info", "mixed", *on(two)).stdout
    assert "mixed" in invoke("runs", *on(two)).stdout
    refused = invoke("train", "--resume", "--name", "mixed", *on(two))
    assert refused.exit_code == 1
    assert "cannot be resumed" in refused.stderr


def test_a_saved_state_of_a_mixture_goes_on(two, invoke):
    assert not invoke(*mix(two)).exit_code
    whole = invoke("sample", "mixed", "--length", "40", "--rng-seed", "1", *on(two)).stdout
    state = ("--state", two / "state", *on(two))
    first = invoke("sample", "mixed", "--length", "17", "--rng-seed", "1", *state).stdout
    assert first + invoke("sample", "mixed", "--length", "23", *state).stdout == whole


def test_a_mixture_that_exists_is_kept_unless_overwritten(two, invoke):
    assert "exists already" in invoke(*mix(two, "net")).stderr
    before = (two / "runs" / "net" / "best.safetensors").read_bytes()
    assert "no run or checkpoint" in invoke("mix", "net", "nothing", "-o", "both", *on(two)).stderr
    assert not (two / "runs" / "both").exists()
    assert (two / "runs" / "net" / "best.safetensors").read_bytes() == before


def test_runs_of_other_texts_need_a_text_for_the_weights(two, invoke):
    refused = invoke("mix", "net", "short", "-o", "mixed", *on(two))
    assert refused.exit_code == 1
    assert "short has learned another text than net" in refused.stderr
    assert "--held-out" in refused.stderr
    assert not (two / "runs" / "mixed").exists()
