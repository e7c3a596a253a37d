import json

import pytest

TEXT = "the cat sat on the mat, and the dog sat on the log; who saw it?\n" * 40


@pytest.fixture
def two(tmp_path, invoke):
    """A folder with a run of few steps and a run of counts of the same text."""
    (tmp_path / "cat.txt").write_text(TEXT)
    small = ("--hidden-size", "12", "--batch-size", "4", "--seq-length", "20", "--threads", "1")
    where = ("--checkpoints", tmp_path / "runs", "--quiet")
    assert not invoke("train", tmp_path / "cat.txt", "--name", "net", "--steps", "60", *small, *where).exit_code
    assert not invoke(
        "train", tmp_path / "cat.txt", "--name", "short", "--model", "ngram", "--order", "2", *where
    ).exit_code
    return tmp_path


def on(folder):
    return "--checkpoints", folder / "runs"


def test_a_mixture_is_a_run_that_writes_and_scores(two, invoke):
    mixed = json.loads(invoke("mix", "net", "short", "--no-counts", "-o", "both", "--json", *on(two)).stdout)
    assert [member["model"] for member in mixed["members"]] == ["net", "short"]
    alone = min(member["nats_per_character"] for member in mixed["members"])
    assert mixed["nats_per_character"] < alone - 0.005
    drawn = invoke("sample", "both", "--length", "30", "--rng-seed", "1", *on(two)).stdout
    assert len(drawn) == 30
    again = invoke("sample", "both", "--length", "30", "--rng-seed", "1", "--threads", "2", *on(two)).stdout
    assert again == drawn
    scored = json.loads(invoke("eval", "both", two / "cat.txt", "--json", *on(two)).stdout)
    assert 0 < scored["nats_per_character"] < 3
    assert "mixture" in invoke("info", "both", *on(two)).stdout
    assert "both" in invoke("runs", *on(two)).stdout
    refused = invoke("train", "--resume", "--name", "both", *on(two))
    assert refused.exit_code == 1
    assert "cannot be resumed" in refused.stderr


def test_a_saved_state_of_a_mixture_goes_on(two, invoke):
    invoke("mix", "net", "short", "--no-counts", "-o", "both", *on(two))
    whole = invoke("sample", "both", "--length", "40", "--rng-seed", "1", *on(two)).stdout
    state = ("--state", two / "state", *on(two))
    first = invoke("sample", "both", "--length", "17", "--rng-seed", "1", *state).stdout
    assert first + invoke("sample", "both", "--length", "23", *state).stdout == whole


def test_a_mixture_that_exists_is_kept_unless_overwritten(two, invoke):
    arguments = ("mix", "net", "short", "--no-counts", "-o", "net", *on(two))
    assert "exists already" in invoke(*arguments).stderr
    before = (two / "runs" / "net" / "best.safetensors").read_bytes()
    assert "no run or checkpoint" in invoke("mix", "net", "nothing", "-o", "both", *on(two)).stderr
    assert not (two / "runs" / "both").exists()
    assert (two / "runs" / "net" / "best.safetensors").read_bytes() == before


def test_runs_of_other_texts_need_a_text_for_the_weights(two, invoke):
    (two / "dog.txt").write_text(TEXT.replace("mat", "log"))
    train = (
        "train",
        two / "dog.txt",
        "--name",
        "dog",
        "--model",
        "ngram",
        "--order",
        "3",
        "--min-count",
        "0",
        "--quiet",
    )
    assert not invoke(*train, *on(two)).exit_code
    refused = invoke("mix", "net", "dog", "-o", "both", *on(two))
    assert refused.exit_code == 1
    if "one vocabulary" not in refused.stderr:
        assert "--held-out" in refused.stderr


def test_counts_join_where_they_gain(two, invoke):
    mixed = json.loads(invoke("mix", "net", "-o", "both", "--json", *on(two)).stdout)
    assert [member["model"] for member in mixed["members"]] == ["net", "counts"]
