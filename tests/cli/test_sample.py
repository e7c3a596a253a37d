import json
import math
import os
import signal
import subprocess
import sys
import time

import pytest
from safetensors.numpy import save_file
from waiting import LONG


@pytest.fixture
def sample(invoke, checkpoints):
    def sample(*arguments, **keywords):
        return invoke("sample", "--checkpoints", checkpoints, *arguments, **keywords)

    return sample


def test_the_text_goes_to_stdout_after_its_seed(sample, checkpoints):
    result = sample("--seed", "the ", "--length", 30, "--rng-seed", 5)
    assert result.exit_code == 0
    assert result.stdout.startswith("the ")
    assert len(result.stdout) == 34
    told = [line for line in result.stderr.splitlines() if not line.startswith("compiling")]  # the first one to draw
    assert told == [f"drawn from {checkpoints / 'letters' / 'best.safetensors'} with --rng-seed 5"]


def test_json_says_all_that_draws_it_again(sample):
    first = json.loads(sample("--seed", "the ", "--length", 30, "--temperature", 0.5, "--json").stdout)
    assert (first["seed"], first["length"], first["temperature"]) == ("the ", 30, 0.5)
    again = sample("--seed", "the ", "--length", 30, "--temperature", 0.5, "--rng-seed", first["rng_seed"])
    assert again.stdout == first["text"]


@pytest.mark.parametrize("name", ["--prime", "--primetext", "--start-text"])
def test_other_names_of_seed(sample, name):
    assert sample(name, "the dog", "--length", 0).stdout == "the dog"


def test_a_seed_from_a_file_and_from_stdin(sample, tmp_path):
    (tmp_path / "seed.txt").write_text("the dog\n")
    assert sample("--seed", f"@{tmp_path / 'seed.txt'}", "--length", 0).stdout == "the dog\n"
    assert sample("--seed", "-", "--length", 0, input="the cat\n").stdout == "the cat\n"


def test_a_run_can_be_named_or_given_as_a_file(sample, checkpoints):
    drawn = {
        sample(target, "--rng-seed", 1).stdout for target in ("letters", checkpoints / "letters" / "best.safetensors")
    }
    assert len(drawn) == 1
    assert drawn != {sample("letters", "--rng-seed", 2).stdout}


def test_bytes_are_written_as_they_are(sample):
    result = sample("bytes", "--seed", "☃", "--length", 50, "--rng-seed", 1)
    assert result.stdout_bytes.startswith("☃".encode())
    assert len(result.stdout_bytes) == 53
    text = json.loads(sample("bytes", "--seed", "☃", "--length", 50, "--rng-seed", 1, "--json").stdout)["text"]
    assert text == result.stdout_bytes.decode("utf-8", "replace")


def test_json_says_how_and_how_well(sample):
    options = ("--temperature", 0.9, "--top-k", 9, "--top-p", 0.9, "--min-p", 0.01, "--stop", "zzz", "--stop", "qq")
    result = json.loads(sample("--seed", "the ", "--length", 30, *options, "--rng-seed", 3, "--json").stdout)
    text, bits = result.pop("text"), result.pop("bits_per_character")
    assert len(text) == 34
    assert 0 < bits < 10
    assert result.pop("checkpoint").endswith("best.safetensors")
    assert result == {
        "seed": "the ",
        "characters": 30,
        "stop_reason": "length",
        "rng_seed": 3,
        "length": 30,
        "temperature": 0.9,
        "top_k": 9,
        "top_p": 0.9,
        "min_p": 0.01,
        "stop": ["zzz", "qq"],
    }
    empty = json.loads(sample("--length", 0, "--json").stdout)
    assert (empty["text"], empty["bits_per_character"]) == ("", None)


def test_a_text_ends_before_a_stop_text(sample):
    whole = sample("--length", 200, "--rng-seed", 1).stdout
    for stop in (whole[0], whole[50:52], whole[100:103]):
        assert sample("--length", 200, "--rng-seed", 1, "--stop", stop).stdout == whole[: whole.index(stop)]
    result = json.loads(sample("--length", 200, "--rng-seed", 1, "--stop", whole[100:105], "--json").stdout)
    assert result["stop_reason"] == "stop"


def test_samples_of_a_batch_can_be_drawn_alone(sample):
    options = ("--seed", "the ", "--length", 30, "--json")
    together = [json.loads(line) for line in sample(*options, "--num-samples", 8, "--rng-seed", 6).stdout.splitlines()]
    assert len({result["text"] for result in together}) == 8
    for result in together:
        assert json.loads(sample(*options, "--rng-seed", result["rng_seed"]).stdout) == result
    plain = sample(*options[:-1], "--num-samples", 8, "--rng-seed", 6).stdout
    wanted = [
        f"--- sample {n} of 8: --rng-seed {result['rng_seed']} ---\n{result['text']}".removesuffix("\n") + "\n"
        for n, result in enumerate(together, 1)
    ]
    assert plain == "".join(wanted)


@pytest.mark.parametrize(("run", "seed"), [("letters", "t"), ("bytes", "☃")])
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_probabilities_are_what_eval_says_of_the_same_text(sample, invoke, checkpoints, tmp_path, run, seed, precision):
    options = (run, "--seed", seed, "--length", 300, "--rng-seed", 2, "--temperature", 0.7, "--precision", precision)
    result = json.loads(sample(*options, "--json", "--probabilities").stdout)
    (tmp_path / "drawn").write_bytes(sample(*options).stdout_bytes)
    arguments = (tmp_path / "drawn", "--json", "--precision", precision, "--per-char", tmp_path / "each")
    score = json.loads(invoke("eval", "--checkpoints", checkpoints, run, *arguments).stdout)
    each = [json.loads(line)["bits"] for line in (tmp_path / "each").read_text().splitlines()]
    bits = [-math.log2(drawn["probability"]) for drawn in result["probabilities"]]
    tolerance = 1e-5 if precision == "float32" else 1e-12
    assert len(bits) == 300
    assert each[-300:] == pytest.approx(bits, rel=max(tolerance, 1e-6), abs=tolerance)  # of seven digits
    assert sum(bits) + sum(each[1:-300]) == pytest.approx(score["nats"] / math.log(2), rel=max(tolerance, 1e-6))
    assert result["bits_per_character"] == pytest.approx(sum(bits) / 300, rel=1e-9)


def test_the_rivals_of_a_character_are_the_most_probable_ones(sample):
    options = ("--seed", "t", "--length", 300, "--rng-seed", 2, "--temperature", 0.7, "--probabilities")
    result = json.loads(sample(*options, "--json", "--top", 3).stdout)
    for drawn in result["probabilities"]:
        ranked = list(drawn["rivals"].values())
        assert len(ranked) == 3
        assert ranked == sorted(ranked, reverse=True)
        assert drawn["rivals"].get(drawn["character"], drawn["probability"]) == drawn["probability"] <= ranked[0]
    lines = sample(*options, "--top", 1).stdout.splitlines()
    assert len(lines) == 300
    character, p, rival, rival_p = lines[0].split("\t")
    assert json.loads(character) == result["text"][1]
    assert float(p) <= float(rival_p)
    assert json.loads(rival) in result["probabilities"][0]["rivals"]


def test_nothing_is_drawn_whose_state_could_not_be_saved(sample, tmp_path):
    (tmp_path / "file").touch()
    result = sample("--state", tmp_path / "file" / "state")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("charrnn: error: cannot write the state ")
    assert sample("--state", tmp_path / "new" / "state").exit_code == 0
    assert sample("--length", 5, "--state", tmp_path / "new" / "state").exit_code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="links take a right there")
def test_a_link_to_a_state_stays_a_link_and_no_seed_is_told_that_drew_nothing(sample, tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "state")
    options = ("--length", 20, "--json", "--state", tmp_path / "link")
    assert json.loads(sample(*options, "--rng-seed", 3).stdout)["rng_seed"] == 3
    before = (tmp_path / "state").read_bytes()
    assert json.loads(sample(*options).stdout)["rng_seed"] is None
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "state").read_bytes() != before
    assert json.loads(sample(*options, "--rng-seed", 4, "--top-k", 2**63 - 1).stdout)["rng_seed"] == 4


def test_precisions_differ_and_hardly(sample):
    options = ("--seed", "the ", "--length", 20, "--rng-seed", 2, "--json")
    whole, exact = (json.loads(sample(*options, "--precision", p).stdout) for p in ("float32", "float64"))
    assert whole == json.loads(sample(*options).stdout)
    assert exact["bits_per_character"] != whole["bits_per_character"]
    assert exact["bits_per_character"] == pytest.approx(whole["bits_per_character"], rel=1e-4)
    options = (*options, "--temperature", 0, "--precision")
    half, whole = (json.loads(sample(*options, p).stdout) for p in ("bf16", "float32"))
    assert half["bits_per_character"] != whole["bits_per_character"]
    assert half["bits_per_character"] == pytest.approx(whole["bits_per_character"], rel=0.05)


def test_a_saved_state_goes_on_as_one_long_sample(sample, tmp_path):
    whole = sample("--seed", "the ", "--length", 90, "--rng-seed", 4).stdout
    state = ("--state", tmp_path / "state.safetensors")
    first = sample("--seed", "the ", "--length", 40, "--rng-seed", 4, *state)
    second = sample("--length", 50, *state)
    assert first.stdout + second.stdout == whole
    assert "going on from" in second.stderr
    assert "going on from" in (stderr := sample("--length", 1, *state, "--rng-seed", 8).stderr)
    assert stderr.endswith("with --rng-seed 8\n")
    result = sample("bytes", *state)
    assert result.exit_code == 1
    assert "belongs to another model" in result.stderr


def test_unknown_characters_can_be_skipped_or_replaced(sample):
    assert sample("--seed", "the ☃eá.", "--length", 0, "--unknown", "skip").stdout == "the e."
    assert sample("--seed", "the ☃eá.", "--length", 0, "--unknown", "replace").stdout == "the  ea."


def test_a_number_for_a_seed_is_probably_meant_for_the_generator(sample):
    for seed, rng_seed, warned in [("42", [], True), ("42", ["--rng-seed", 1], False), ("the", [], False)]:
        result = sample("--seed", seed, "--unknown", "skip", "--length", 3, *rng_seed)
        assert result.exit_code == 0
        assert (f"use --rng-seed {seed}" in result.stderr) == warned


@pytest.mark.parametrize(
    "options",
    [
        ("--interactive", "--json"),
        ("--interactive", "--probabilities"),
        ("--interactive", "--novelty", "x"),
        ("--state", "x", "--num-samples", 2),
        ("--seed", "-", "--novelty", "-"),
    ],
)
def test_what_does_not_go_together(sample, options):
    result = sample(*options)
    assert result.exit_code == 2
    assert "leave out" in result.stderr


def wait_for(pipe, size):
    """Wait until so many bytes are in a pipe; its last page need not be full when it takes no more."""
    import fcntl
    import termios

    while int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder) < size:
        time.sleep(0.001)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
@pytest.mark.parametrize("length", [0, 1, 2])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_seed_that_nobody_takes_leaves_a_state(start, sample, checkpoints, tmp_path, name, length):
    state = tmp_path / "state"
    (tmp_path / "seed").write_text("the cat sat. " * 10_000)
    options = ("--seed", f"@{tmp_path / 'seed'}", "--length", length, "--state", state)
    process = start("sample", "--checkpoints", checkpoints, *options, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(process.stdout, 15 * 4096 + 1)  # all 16 pages are in use
    process.send_signal(getattr(signal, name))
    assert process.wait(timeout=LONG) == 128 + getattr(signal, name)
    assert state.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
@pytest.mark.parametrize("form", [(), ("--probabilities",)])
def test_a_document_whose_newline_nobody_takes_has_been_read(train, start, invoke, tmp_path, form):
    import fcntl

    names = tmp_path / "names.txt"
    names.write_text("anna\nbob\ncarla\ndora\n" * 20)
    assert train("--documents", "line", "--steps", 30, source=names).exit_code == 0
    options = ("sample", "--checkpoints", tmp_path / "runs", *form)
    state = ("--state", tmp_path / "state")
    whole = invoke(*options, "--rng-seed", 1, *state).stdout
    following = invoke(*options, *state).stdout
    (tmp_path / "state").unlink()
    shown = whole[:-1] if not form else whole[: whole.index("\nnull") + 1]
    reader, writer = os.pipe()
    room = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * (room - len(shown.encode())))
    process = start(*options, "--rng-seed", 1, *state, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    wait_for(reader, room)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=LONG) == 143
    with open(reader, encoding="utf-8") as pipe:  # noqa: PTH123
        assert pipe.read().lstrip("x") == shown
    assert invoke(*options, *state).stdout == (whole[len(shown) :] if form else following)


def test_a_state_is_no_model(sample, tmp_path):
    assert sample("--length", 3, "--state", tmp_path / "state").exit_code == 0
    assert "holds a sampling state and no model: choose another file" in sample(tmp_path / "state").stderr


def test_probabilities_of_bytes_are_named_by_their_numbers(sample):
    drawn = json.loads(sample("bytes", "--length", 5, "--json", "--probabilities", "--top", 2).stdout)["probabilities"]
    assert all(isinstance(row["byte"], int) and all(0 <= int(rival) < 256 for rival in row["rivals"]) for row in drawn)


@pytest.mark.parametrize(
    ("options", "owner"),
    [(("--top", 3), "--probabilities"), (("--encoding", "latin-1"), "--novelty, --adapt or --seed @FILE")],
)
def test_what_would_change_nothing(sample, options, owner, monkeypatch):
    result = sample(*options)
    assert result.exit_code == 2
    assert f"{options[0]} requires {owner}: give both" in result.stderr
    monkeypatch.setenv(f"CHARRNN_{options[0][2:].upper()}", str(options[1]))  # for other commands, too
    assert sample().exit_code == 0


def test_errors(sample, tmp_path):
    save_file({}, tmp_path / "other.safetensors")
    (tmp_path / "latin").write_bytes(b"\xe9")
    for arguments, message in [
        (["nobody"], "no run or checkpoint 'nobody'"),
        ([tmp_path / "other.safetensors"], "another program wrote it"),
        (["--seed", "the zebra"], "not 'z' at position 5, 'b' at position 7, 'r' at position 8"),
        (["--seed", f"@{tmp_path / 'none'}"], "cannot read the seed"),
        (["--seed", f"@{tmp_path / 'latin'}"], "cannot read the seed"),
        (["--temperature", "-1"], "temperature must be"),
        (["--length", "-1"], "length must be"),
        (["--top-p", "0"], "top_p must be"),
        (["--num-samples", "0"], "num_samples must be"),
        (["--stop", ""], "stop must be texts of at least one character"),
        (["--state", tmp_path / "other.safetensors"], "another program wrote it; choose another file"),
        (["--state", "/dev/null"], "no state to go on from: cannot read the checkpoint"),
        (["--novelty", tmp_path / "none"], "there is no such file or folder"),
        (["--novelty", tmp_path / "latin", "--encoding", "klingon"], "the encoding 'klingon' is unknown"),
        (["--checkpoints", tmp_path], "no run in"),
    ]:
        result = sample(*arguments)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert message in result.stderr
        assert result.stderr.startswith("charrnn: error: ")
        assert result.stderr.count("\n") == 1


def test_what_is_copied_is_told_after_the_text(sample, tmp_path):
    options = ("--seed", "the ", "--length", 80, "--rng-seed", 1)
    plain = sample(*options)
    drawn = plain.stdout[4:]
    (tmp_path / "corpus").mkdir()
    (tmp_path / "corpus" / "a").write_text(f"~{drawn[30:45]}")
    (tmp_path / "corpus" / "b").write_text(f"{drawn[45:70]}~")
    result = sample(*options, "--novelty", tmp_path / "corpus")
    assert result.stdout == plain.stdout
    copied, passage, source = result.stderr.splitlines()[-3:]
    assert copied == f"copied: 50.0% of 80 characters, in passages of at least 20 that {tmp_path / 'corpus'} holds"
    assert passage == f"  40: {drawn[30:70]}".replace("\n", "⏎")
    assert source == plain.stderr.rstrip()
    (tmp_path / "none").write_text("xyz")
    assert sample(*options, "--novelty", tmp_path / "none").stderr.startswith("copied: 0.0% of 80 characters, in")
    result = sample(*options, "--novelty", "-", input=drawn)
    assert result.stderr.startswith("copied: 100.0% of 80")


@pytest.mark.parametrize(("run", "seed"), [("letters", "the "), ("bytes", "ü")])
def test_what_each_of_several_texts_copies_is_in_its_json(sample, tmp_path, run, seed):
    options = (run, "--seed", seed, "--length", 60, "--num-samples", 3, "--rng-seed", 4, "--json")
    plain = [json.loads(line) for line in sample(*options).stdout.splitlines()]
    alone = sample(*options[:-5], "--rng-seed", plain[1]["rng_seed"]).stdout_bytes
    (tmp_path / "x").write_bytes(alone.removeprefix(seed.encode()))
    results = [json.loads(line) for line in sample(*options, "--novelty", tmp_path / "x").stdout.splitlines()]
    found = [result.pop("novelty") for result in results]
    assert results == plain
    assert (found[1]["copied"], found[1]["share"], found[1]["shortest"]) == (60, 1.0, 20)
    assert found[1]["passages"] == [{"start": 0, "characters": 60, "text": plain[1]["text"].removeprefix(seed)}]
    assert found[0]["copied"] < 60
    (tmp_path / "x").write_bytes(b"\0\xff" if run == "letters" else b"")
    result = sample(*options, "--novelty", tmp_path / "x")
    results = [json.loads(line) for line in result.stdout.splitlines()]
    if run == "letters":  # nothing that was drawn is lost
        assert (result.exit_code, [each["novelty"] for each in results]) == (1, [None] * 3)
        assert "cannot read" in result.stderr
    else:
        assert [each["novelty"]["copied"] for each in results] == [0] * 3


def test_the_probabilities_of_a_document_are_those_that_eval_adds_up(train, invoke, tmp_path):
    source = tmp_path / "names.txt"
    source.write_text("anna\nbob\neve\nanneliese\n" * 30)
    assert train("--documents", "line", "--steps", 60, "--learning-rate", 0.03, source=source).exit_code == 0
    at = ("--checkpoints", tmp_path / "runs")
    options = ("--json", "--probabilities", "--top", 9, "--length", 20, "--num-samples", 5, "--rng-seed", 1)
    drawn = [json.loads(line) for line in invoke("sample", *at, *options).stdout.splitlines()]
    ended = [each for each in drawn if each["stop_reason"] == "end" and each["text"]]
    assert ended
    for each in ended:
        rows = each["probabilities"]
        assert "".join(row["character"] or "" for row in rows) == each["text"]
        assert [row["character"] is None for row in rows] == [False] * len(each["text"]) + [True]
        assert all("null" in row["rivals"] and "\U0010ffff" not in row["rivals"] for row in rows)
        (tmp_path / "drawn.txt").write_text(each["text"] + "\n")
        told = json.loads(invoke("eval", *at, tmp_path / "drawn.txt", "--json").stdout)
        assert told["characters"] == len(rows)
        assert told["nats"] == pytest.approx(-sum(math.log(row["probability"]) for row in rows), rel=1e-5)
        assert told["bits_per_character"] == pytest.approx(each["bits_per_character"], rel=1e-5)
    assert "\nnull\t" in invoke("sample", *at, *options[1:]).stdout


@pytest.mark.parametrize(("between", "split"), [("\r\n", ["line"]), (" ☙ ", [" ☙ ", "--bytes"])])
def test_documents_that_the_corpus_holds_are_counted_with_their_seed(train, invoke, tmp_path, between, split):
    source = tmp_path / "names.txt"
    source.write_bytes(between.join(["anna", "bénoît", "eve", "anneliese"] * 30).encode())
    assert train("--documents", *split, "--steps", 60, "--learning-rate", 0.03, source=source).exit_code == 0
    assert invoke("eval", source, "--checkpoints", tmp_path / "runs").exit_code == 0  # what separates is not read
    at = ("sample", "--checkpoints", tmp_path / "runs")
    options = ("--seed", "an", "--num-samples", 12, "--length", 6, "--rng-seed", 1)
    drawn = [json.loads(line) for line in invoke(*at, *options, "--json").stdout.splitlines()]
    ended = [result["text"] for result in drawn if result["stop_reason"] == "end"]
    assert 1 < len(ended) < 12
    held = {text for text in ended if text != ended[-1] and "\ufffd" not in text}
    corpus = between.join([*held, f"{ended[-1]}x", ended[-1][2:]]).encode()  # read once, for both figures
    result = invoke(*at, *options, "--json", "--novelty", "-", input=corpus)
    found = [json.loads(line)["novelty"]["document"] for line in result.stdout.splitlines()]
    assert found == [each["text"] in held if each["stop_reason"] == "end" else None for each in drawn]
    told = invoke(*at, *options, "--novelty", "-", input=corpus).stderr
    copied = sum(text in held for text in ended)
    verbs = ["is" if copied == 1 else "are", "was" if len(ended) == 11 else "were"]
    assert told.startswith(
        f"copied: {copied} of {len(ended)} complete documents {verbs[0]} in - word for word; "
        f"{12 - len(ended)} {verbs[1]} cut off by --length\ncopied: "
    )
    assert " complete " not in invoke(*at, *options[:5], 0, "--novelty", source).stderr
    state = ("--rng-seed", 1, "--state", tmp_path / "state")
    for seed, known in [("an", True), ("", False)]:  # how the second one begins is not known
        assert (" complete " in invoke(*at, *state, "--seed", seed, "--novelty", source).stderr) == known


def test_a_reader_that_has_enough_ends_it_quietly(start, checkpoints):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = start("sample", "--checkpoints", checkpoints, "--length", "10000000", **pipes)
    assert len(process.stdout.read(10)) == 10
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=LONG) == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
@pytest.mark.parametrize(
    ("name", "form"),
    [("SIGINT", ()), ("SIGTERM", ()), ("SIGTERM", ("--probabilities",)), ("SIGTERM", ("--json", "--probabilities"))],
)
def test_a_reader_that_stalls_does_not_keep_a_signal_waiting(start, sample, checkpoints, tmp_path, name, form):
    state = tmp_path / "state.safetensors"
    options = ("--length", 20_000 if "--json" in form else 100_000_000, "--rng-seed", 3, "--state", state, *form)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
    process = start("sample", "--checkpoints", checkpoints, *options, **pipes)
    wait_for(process.stdout, 15 * 4096 + 1)  # all 16 pages are in use
    process.send_signal(getattr(signal, name))
    assert process.wait(timeout=LONG) == 128 + getattr(signal, name)
    assert process.stderr.read().strip() == b""
    shown = process.stdout.readall().decode()
    further = sample("--length", 50, "--state", state).stdout
    if "--json" in form:  # which is no object before its end
        count = 0
    else:
        count = shown.count("\n") if form else len(shown)
        assert sample("--length", count, "--rng-seed", 3, *form).stdout == shown
    assert sample("--length", count + 50, "--rng-seed", 3).stdout[count:] == further


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no terminals of this kind")
def test_a_terminal_that_closes_leaves_a_state(sample, checkpoints, tmp_path):
    import pty

    state = tmp_path / "state.safetensors"
    command = [sys.executable, "-m", "charrnn", "sample", "--checkpoints", str(checkpoints), "--length", "100000000"]
    child, master = pty.fork()
    if child == 0:
        os.execv(sys.executable, [*command, "--state", str(state)])
    assert os.read(master, 1)
    os.close(master)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 128 + signal.SIGHUP
    assert state.exists()
    assert sample("--length", 5, "--state", state).exit_code == 0


def test_a_reader_that_has_enough_leaves_a_state(start, sample, checkpoints, tmp_path):
    state = tmp_path / "state.safetensors"
    options = ("--length", 100_000_000, "--rng-seed", 3, "--state", state)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
    process = start("sample", "--checkpoints", checkpoints, *options, **pipes)
    shown = process.stdout.read(100).decode()
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait(timeout=LONG) == 0
    further = sample("--length", 50, "--state", state).stdout
    for length in (200_000, 20_000_000):  # a fast machine has drawn more by then
        whole = sample("--length", length, "--rng-seed", 3).stdout
        if further in whole[len(shown) :]:
            break
    assert whole.startswith(shown)
    assert further in whole[len(shown) :]


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
def test_an_interrupted_text_can_be_drawn_again(start, sample, checkpoints):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = start("sample", "--checkpoints", checkpoints, "--length", "100000000", **pipes)
    shown = process.stdout.read(100).decode()  # long before the end
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 130
    source, rng_seed = stderr.decode().split(" with --rng-seed ")
    assert source.split() == ["drawn", "from", str(checkpoints / "letters" / "best.safetensors")]
    assert sample("--length", 200, "--rng-seed", int(rng_seed)).stdout.startswith(shown)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_what_a_signal_has_let_be_shown_is_what_the_state_holds(start, sample, checkpoints, tmp_path, name):
    state = ("--state", tmp_path / "state.safetensors")
    options = ("--length", 100_000_000, "--rng-seed", 3, "--stop", "the dog sat on the cat", *state)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0}
    process = start("sample", "--checkpoints", checkpoints, *options, **pipes)
    shown = process.stdout.read(100)
    process.send_signal(getattr(signal, name))
    rest, stderr = process.communicate(timeout=LONG)
    shown = (shown + rest).decode()
    assert process.returncode == 128 + getattr(signal, name)
    assert stderr.decode().strip() == f"drawn from {checkpoints / 'letters' / 'best.safetensors'} with --rng-seed 3"
    further = sample("--length", 50, *state).stdout
    assert shown + further == sample("--length", len(shown) + 50, "--rng-seed", 3).stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
@pytest.mark.parametrize("names", [("SIGTERM", "SIGHUP"), ("SIGHUP", "SIGHUP"), ("SIGINT", "SIGTERM")])
def test_a_second_signal_leaves_a_state_too(start, sample, checkpoints, tmp_path, names):
    state, text = tmp_path / "state.safetensors", tmp_path / "text"
    options = ("--length", 100_000_000, "--rng-seed", 3, "--state", state)
    with text.open("wb") as stdout:
        process = start("sample", "--checkpoints", checkpoints, *options, stdout=stdout, stderr=subprocess.PIPE)
        while not text.stat().st_size:
            time.sleep(0.001)
    for name in names:
        process.send_signal(getattr(signal, name))
    process.communicate(timeout=LONG)
    assert process.returncode in {128 + getattr(signal, name) for name in names}
    assert state.exists()
    assert sample("--length", 5, "--state", state).exit_code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
def test_a_signal_that_ends_one_of_several_texts_is_the_exit_code(start, sample, checkpoints):
    options = ("--num-samples", 2, "--rng-seed", 3)
    last = json.loads(sample(*options, "--length", 40, "--json").stdout.splitlines()[1])["text"]
    endless = (*options, "--length", 100_000_000, "--stop", last[10:])  # the last text ends at once
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = start("sample", "--checkpoints", checkpoints, *endless, **pipes)
    while process.stdout.read(1) != b"\n":  # the line before the first text
        pass
    assert process.stdout.read(10)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=LONG)
    assert process.returncode == 128 + signal.SIGTERM
