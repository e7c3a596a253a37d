import dataclasses
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest
from endurance.runs import TEXT, outcome
from waiting import LONG

from charrnn.api import load
from charrnn.cli import train as train_module
from charrnn.cli.shared.group import group
from charrnn.kernels.processor import BFLOAT16
from charrnn.kinds.config import kinds
from charrnn.options import options_of
from charrnn.storage.checkpoint import load_checkpoint
from charrnn.storage.metrics import read_metrics
from charrnn.storage.run import Run
from charrnn.training.settings import DEFAULT_MINUTES, TrainingSettings

OPTIONS = {option.name: option for option in train_module.command.params}
LIBRARY_DEFAULTS = {
    field.name: field.default
    for settings in (*(kind.config for kind in reversed(kinds().values())), TrainingSettings)
    for field in dataclasses.fields(settings)
    if field.default is not dataclasses.MISSING and field.name in options_of(settings)
}
DESCRIBED_DEFAULTS = {
    "target": ("", "the last one"),
    "ignore": ("", "none"),
    "embedding_size": (-1, "the vocabulary's size, at most 256"),
    "minutes": (0.0, f"{DEFAULT_MINUTES:g}, if no other limit is given"),
    "update_every": (0, "--seq-length"),
    "eval_every": (0, "by the length of the text"),
    "order": (8, "8; 4 with --task label"),
    "steps": (0, "no limit"),
    "sync_every": (0, "gradients are added up at each update"),
    "epochs": (0, "no limit"),
    "patience": (0, "no limit"),
    "period": (0, "found by autocorrelation"),
    "feedback": (False, "off"),
    "tie_embedding": (False, "off"),
    "learning_rate": (0, "0.02 (adagrad); 0.01 (adam); 0.002 (rmsprop); 0.5 (sgd)"),
}
SMALL = ("--hidden-size", "8", "--batch-size", "8", "--seq-length", "20", "--threads", "1")


def events(stdout):
    return [json.loads(line) for line in stdout.splitlines()]


@pytest.mark.parametrize("name", sorted(set(LIBRARY_DEFAULTS) & set(OPTIONS)))
def test_the_help_states_the_defaults(name):
    option, default = OPTIONS[name], LIBRARY_DEFAULTS[name]
    shown = re.search(r"\[default: (.*)\]", option.help)
    # Within the group, whose names of --help Click remembers with the command.
    parent = click.Context(group, **group.context_settings)
    assert train_module.command.make_context("train", ["corpus"], parent).params[name] is None
    if name in DESCRIBED_DEFAULTS:
        assert (default, shown[1]) == DESCRIBED_DEFAULTS[name]
    elif shown:
        assert shown[1] == str(default)
    else:
        assert default == 0


def test_a_run_is_told_on_stderr_and_kept_in_files(train, tmp_path):
    result = train("--steps", 20, "--eval-every", 10)
    assert result.exit_code == 0
    assert result.stdout == ""
    lines = [line for line in result.stderr.splitlines() if not line.startswith("compiling")]
    header, evaluation = lines[:4], lines[4:6]
    assert header == [
        "text:  4,320 characters for training, 480 for validation, vocabulary of 15",
        "model: lstm, 1 layer of 8, 1,128 parameters",
        "run:   20 steps on 1 thread",
        f"saved: about once a minute and at each evaluation, in {tmp_path / 'runs' / 'cats'}; "
        "Ctrl-C saves and stops, --resume continues",
    ]
    assert re.match(
        r"step 10  epoch 0\.\d\d  train \d\.\d{3} bpc  val \d\.\d{3} bpc  \(\d\.\d{3} nats\)", evaluation[0]
    )
    assert evaluation[1].startswith("  ")
    assert result.stderr.endswith(f"next:  charrnn sample cats --checkpoints {tmp_path / 'runs'}\n")
    run = Run(tmp_path / "runs" / "cats")
    assert [record["step"] for record in read_metrics(run.metrics)] == [10, 20]
    assert load(run.best).config.hidden_size == 8


def test_the_header_tells_how_often_a_run_is_saved(train):
    for options, often in (
        (("--steps", 1, "--save-every", 5), "every 5 steps and at each evaluation"),
        (("--resume", "--steps", 2), "every 5 steps and at each evaluation"),
        (("--resume", "--steps", 3, "--save-every", 1), "after each step and at each evaluation"),
    ):
        assert f"saved: {often}, in " in train(*options).stderr


def test_the_header_tells_of_how_many_files_the_text_is(invoke, text, tmp_path):
    (tmp_path / "more.txt").write_text(TEXT)
    command = ("train", text, tmp_path / "more.txt", *SMALL, "--steps", 1, "--checkpoints", tmp_path / "runs")
    assert re.search(r"^text:  2 files, [\d,]+ characters for training, ", invoke(*command).stderr, re.MULTILINE)


def test_json_is_one_object_for_each_event(train):
    result = train("--steps", 4, "--eval-every", 2, "--json")
    names = [event["event"] for event in events(result.stdout)]
    evaluation = ["evaluated", "sampled", "checkpoint_due", "checkpoint_due"]
    assert names == ["started", *["step_done"] * 2, *evaluation, *["step_done"] * 2, *evaluation, "finished"]
    assert events(result.stdout)[-1]["reason"] == "steps"
    assert result.stderr == ""


def test_json_of_bytes_and_without_validation(train, tmp_path):
    source = tmp_path / "snow.txt"
    source.write_text("☃" * 300, "utf-8")
    result = train("--bytes", "--steps", 60, "--val-fraction", 0, "--json", source=source)
    shown = {event["event"]: event for event in events(result.stdout)}
    assert "\xe2" not in shown["sampled"]["text"]
    assert shown["evaluated"]["val_bpc"] is None


def test_quiet_is_silent(train):
    result = train("--steps", 2, "--quiet")
    assert (result.exit_code, result.output) == (0, "")


def test_the_header_tells_the_budget_that_nobody_chose(train, monkeypatch):
    monkeypatch.setattr(
        "charrnn.training.trainer.Trainer.limits_used", lambda self: {"minutes": self.progress.step / 2}
    )
    monkeypatch.setattr("charrnn.starting.training_speed", lambda *_, **__: 10.0)
    early = "ends early after 8 evaluations without improvement; change it with --minutes, --steps or --epochs"
    assert re.search(
        rf"run:   [\d,]+ steps \([\d.]+ epochs.*\) in at most 10 minutes on 1 thread, {early}", train().stderr
    )


def test_notes_are_shown(train, tmp_path):
    (tmp_path / "short.txt").write_text("abcabc")
    stderr = train("--steps", 2, source=tmp_path / "short.txt").stderr
    assert stderr.count("note:") == 2
    assert "saved:" in stderr


def test_a_finished_run_says_how_to_go_on(train):
    train("--steps", 2)
    result = train("--resume")
    assert result.exit_code == 0
    assert "limit of steps; raise --steps, --epochs or --minutes to train on" in result.stderr
    result = train("--resume", "--steps", 4)
    assert "run:   resumed after step 2, until 4 steps in all, on 1 thread" in result.stderr
    assert "step 4" in result.stderr


def test_a_counted_text_needs_no_more(invoke, tmp_path):
    (tmp_path / "cats.txt").write_text("the cat sat on the mat\n" * 9)
    command = ("train", tmp_path / "cats.txt", "--checkpoints", tmp_path / "runs")
    stderr = invoke(*command, "--model", "ngram").stderr
    assert "one pass over the text" in stderr
    assert f"saved: at the end, in {tmp_path / 'runs' / 'cats'}\n" in stderr
    assert "the whole text has been counted" in invoke(*command, "--resume").stderr


def test_resume_needs_no_corpus(train, invoke, tmp_path):
    train("--steps", 2)
    result = invoke("train", "--resume", "--checkpoints", tmp_path / "runs", "--steps", 3)
    assert result.exit_code == 0
    assert "resumed after step 2" in result.stderr


def test_variables_set_options(train, monkeypatch, tmp_path):
    for name, value in {
        "STEPS": "2",
        "TRAIN_EPOCHS": "0.5",
        "EPOCHS": "99",
        "NAME": "of-a-variable",
        "JSON": "1",
    }.items():
        monkeypatch.setenv(f"CHARRNN_{name}", value)
    result = train()
    assert events(result.stdout)[-1]["step"] == 2
    settings = load_checkpoint(tmp_path / "runs" / "of-a-variable" / "last.safetensors").header["settings"]
    assert settings["epochs"] == 0.5


def test_no_corpus_is_a_usage_error(invoke):
    result = invoke("train")
    assert result.exit_code == 2
    assert "give a file, a folder, or - for standard input" in result.stderr


@pytest.mark.parametrize(
    ("options", "exit_code", "message"),
    [
        (["--cell", "perceptron"], 2, "Invalid value for '--cell'"),
        (["--hidden-size", "many"], 2, "Invalid value for '--hidden-size'"),
        (["--hiden-size", "8"], 2, "--hidden-size"),
        (["--threads", "0"], 2, "Invalid value for '--threads'"),
        (["--hidden-size", "0"], 1, "hidden_size must be a whole number of at least 1"),
        (["--hidden-size", "100000000"], 1, "GB available: choose a smaller --hidden-size"),
        (["--encoding", "klingon"], 1, "the encoding 'klingon' is unknown"),
        (["--name", "../elsewhere"], 1, "a plain folder name"),
        (["--resume", "--overwrite"], 1, "not both"),
        (["--resume"], 1, "no run called 'cats' to resume"),
    ],
)
def test_wrong_options(train, options, exit_code, message):
    result = train(*options)
    assert result.exit_code == exit_code
    assert message in result.stderr
    if exit_code == 1:
        assert result.stderr.splitlines()[-1].startswith("charrnn: error: ")


@pytest.mark.parametrize(
    ("data", "message"),
    [(None, "there is no such file"), (b"", "is empty"), (b"caf\xe9 au lait", "byte 0xe9 in line 1")],
)
def test_unfit_texts(train, tmp_path, data, message):
    source = tmp_path / "unfit.txt"
    if data is not None:
        source.write_bytes(data)
    result = train(source=source)
    assert result.exit_code == 1
    assert message in result.stderr
    assert not (tmp_path / "runs").exists()


def test_an_existing_run_is_kept(train):
    train("--steps", 2)
    result = train("--steps", 2)
    assert result.exit_code == 1
    assert "exists already" in result.stderr
    assert train("--steps", 2, "--overwrite").exit_code == 0


def test_the_text_can_come_from_stdin(invoke, tmp_path):
    result = invoke("train", "-", *SMALL, "--steps", 2, "--checkpoints", tmp_path, input="abcdefgh" * 50)
    assert result.exit_code == 0
    assert (tmp_path / "stdin" / "last.safetensors").is_file()


def read_until_step(process, step):
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "step_done" and event["step"] >= step:
            return


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
@pytest.mark.parametrize(("number", "precision"), [(signal.SIGINT, "float32"), (signal.SIGTERM, "bf16")])
def test_interrupted_and_resumed_equals_uninterrupted(start, text, tmp_path, number, precision):
    options = (*SMALL, "--precision", precision, "--steps", 300, "--eval-every", 50)
    environment = os.environ | {"CHARRNN_EMULATE_BF16": "1"}
    assert start("train", text, *options, "--checkpoints", tmp_path, "--quiet", env=environment).wait() == 0
    folder = tmp_path / "in parts"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    pipes["pipesize"] = 4096  # which holds few events, so that the run cannot end before it is read
    process = start("train", text, *options, "--checkpoints", folder, "--json", **pipes)
    read_until_step(process, 20)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 128 + number
    assert events(stdout)[-1]["reason"] == "interrupted"
    assert events(stdout)[-1]["step"] < 300
    assert stderr.endswith(f"resume with: charrnn train {text} --resume --checkpoints '{folder}'\n")
    assert "Traceback" not in stderr

    assert start("train", "--resume", "--checkpoints", folder, "--quiet", env=environment).wait() == 0
    assert outcome(Run(tmp_path / "cats")) == outcome(Run(folder / "cats"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
def test_an_interrupt_ends_an_evaluation_under_way(start, tmp_path):
    source = tmp_path / "cats.txt"
    source.write_text(TEXT * 1000)  # of which 4.8 million characters validate
    options = ("--steps", 5, "--hidden-size", 256, "--val-fraction", 0.99, "--checkpoints", tmp_path, "--json")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = start("train", source, *SMALL, *options, **pipes)
    read_until_step(process, 5)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=LONG)
    assert process.returncode == 130
    assert [event["event"] for event in events(stdout)] == ["checkpoint_due", "finished"]
    assert load_checkpoint(tmp_path / "cats" / "last.safetensors").header["progress"]["step"] == 5


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Windows are others")
def test_an_interrupt_before_the_first_step_ends_at_once(start, tmp_path):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = start("train", "-", *SMALL, "--checkpoints", tmp_path, "--overwrite", env=verbose_imports(), **pipes)
    for line in process.stderr:
        if b"charrnn.job" in line:
            break
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 130
    assert b"Traceback" not in stderr


def test_the_end_of_standard_input_can_end_the_run(start, invoke, text, tmp_path):
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    options = ("--checkpoints", tmp_path, "--steps", 10**9, "--json", "--until-eof")
    process = start("train", text, *SMALL, *options, **pipes)
    read_until_step(process, 3)
    stdout, _ = process.communicate(timeout=LONG)  # closes the pipe
    assert process.returncode == 128 + signal.SIGTERM
    assert events(stdout)[-1]["reason"] == "interrupted"
    assert (tmp_path / "cats" / "last.safetensors").is_file()
    assert invoke("train", "-", "--until-eof").exit_code == 2


@pytest.fixture
def start_unprivileged(start, unprivileged):
    """Start a command in a process that cannot write into a folder of mode 555."""

    def start_unprivileged(*arguments):
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return start(*arguments, preexec_fn=unprivileged, **pipes)

    return start_unprivileged


def test_a_folder_that_is_read_only_is_refused(start_unprivileged, train, text, tmp_path):
    train("--steps", 2)
    run = Run(tmp_path / "runs" / "cats")
    before = outcome(run)
    for folder in (run.folder, tmp_path / "runs"):
        folder.chmod(0o555)
    for options in (["--name", "new"], ["--overwrite"], ["--resume", "--steps", 4]):
        process = start_unprivileged("train", text, *options, "--checkpoints", tmp_path / "runs")
        stdout, stderr = process.communicate(timeout=LONG)
        assert (process.returncode, stdout) == (1, "")
        assert re.fullmatch(
            r"charrnn: error: cannot write .*: Permission denied; choose another folder with --checkpoints\n", stderr
        )
    assert outcome(run) == before


def test_a_folder_that_becomes_read_only_is_told_and_tried_again(start_unprivileged, text, tmp_path):
    options = ("--steps", 10**6, "--save-every", 1, "--checkpoints", tmp_path, "--json")
    process = start_unprivileged("train", text, *SMALL, *options)
    run = Run(tmp_path / "cats")

    def read_until(name):
        return next(event for event in map(json.loads, process.stdout) if event["event"] == name)

    read_until("checkpoint_due")
    run.folder.chmod(0o555)
    assert "Permission denied" in read_until("save_failed")["why"]
    run.folder.chmod(0o755)
    saved = read_until("checkpoint_due")["step"]
    run.folder.chmod(0o555)
    read_until("save_failed")
    process.send_signal(signal.SIGTERM)
    _, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 1
    assert "Permission denied" in stderr.splitlines()[-1]
    assert load_checkpoint(run.last).header["progress"]["step"] >= saved


def verbose_imports():
    """An environment in which Python tells on stderr what it imports: a sign that it has come so far."""
    return {**os.environ, "PYTHONPROFILEIMPORTTIME": "1"}


def test_without_a_reader_the_run_is_saved(start, text, tmp_path):
    options = ("--checkpoints", tmp_path, "--steps", 10**9, "--json")
    process = start("train", text, *SMALL, *options, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    read_until_step(process, 3)
    process.stdout.close()
    stderr = process.stderr.read()
    assert process.wait(timeout=LONG) == 130
    assert stderr == f"resume with: charrnn train {text} --resume --checkpoints {tmp_path}\n"
    assert (tmp_path / "cats" / "last.safetensors").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pty")
@pytest.mark.parametrize("columns", [40, 120])
def test_a_terminal_shows_a_bar_that_fits(on_a_terminal, text, tmp_path, columns):
    options = ("--checkpoints", tmp_path, "--steps", "300", "--eval-every", "100")
    exit_code, shown = on_a_terminal(columns, "train", text, *SMALL, *options)
    assert exit_code == 0
    lines = re.split(r"[\r\n]+", shown)
    bars = [line for line in lines if re.match(r" *\d+% ", line)]
    assert any("train" in bar and "left" in bar for bar in bars)
    assert any("val" in bar for bar in bars)
    evaluations = [line for line in lines if line.startswith("step")]
    assert len(evaluations) == 3
    assert max(map(len, bars + evaluations)) <= columns
    assert any("chars/s" in bar for bar in bars) == (columns == 120)


@pytest.mark.parametrize("options", [(), ("--model", "tdnn"), ("--documents", "line")])
def test_previews_can_be_switched_off_and_on_again(train, options):
    for switch, previews in (("--no-preview", 0), ("--preview", 2)):
        shown = train(*options, "--steps", 4, "--eval-every", 2, switch, "--overwrite")
        assert len(re.findall("^  ", shown.stderr, re.MULTILINE)) == previews
        events = train("--resume", "--steps", 8, "--eval-every", 2, "--json", switch)
        assert events.stdout.count('"evaluated"') == 2
        assert events.stdout.count('"sampled"') == previews


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_a_terminal_may_be_as_narrow_as_it_likes(on_a_terminal, tmp_path, columns):
    text = tmp_path / "長い名前.txt"
    text.write_text("そして、👩\u200d👧 전부 漢字\n" * 30)
    options = ("--checkpoints", tmp_path, "--steps", "4", "--eval-every", "2")
    exit_code, shown = on_a_terminal(columns, "train", text, *SMALL, *options)
    assert exit_code == 0
    assert "next:  charrnn sample '長い名前'" in shown


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
@pytest.mark.parametrize("name", ["two\nlines\x07.txt", "-it's 100% off!.txt", "caf\udce9\u202e.txt", "~"])
def test_a_printed_command_can_be_pasted(start, tmp_path, name):
    (tmp_path / name).write_text(TEXT)
    options = ("--steps", 10**9, "--json", "--checkpoints", "a b/\x7fruns", "--name=-x'y")
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": tmp_path}
    process = start("train", *SMALL, *options, "--", name, **pipes)
    read_until_step(process, 3)
    process.stdout.close()
    [line] = process.stderr.read().splitlines()
    shell = f"charrnn() {{ printf '%s\\0' \"$@\"; }}; {line.removeprefix('resume with: ')}"
    words = subprocess.run(["bash", "-c", shell], capture_output=True, check=True).stdout.split(b"\0")[:-1]
    command = start(*map(os.fsdecode, words), "--steps", "5", "--quiet", **pipes)
    assert command.communicate()[1] == ""
    assert command.returncode == 0
    assert os.fsencode(f"./{name}" if name[0] == "-" else name) in words


@pytest.mark.skipif(BFLOAT16, reason="this processor multiplies bfloat16")
def test_bf16_where_the_processor_has_it_not_is_one_line(invoke, text, tmp_path):
    result = invoke("train", text, *SMALL, "--steps", 5, "--precision", "bf16", "--checkpoints", tmp_path / "runs")
    assert result.exit_code == 1
    assert result.stderr == (
        "charrnn: error: to train in precision bf16 needs a processor that multiplies bfloat16 (AVX-512 BF16), "
        "which this one does not: choose float32\n"
    )
    assert not (tmp_path / "runs").exists()


@pytest.mark.skipif(not BFLOAT16, reason="trains a model in bf16")
@pytest.mark.skipif(platform.machine() not in {"x86_64", "AMD64"}, reason="name of an x86 processor")
def test_bf16_cannot_be_resumed_where_the_processor_has_it_not_and_that_is_one_line(train, start, tmp_path):
    assert train("--steps", 2, "--precision", "bf16").exit_code == 0
    other = {"NUMBA_CPU_NAME": "haswell", "NUMBA_CPU_FEATURES": "", "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    command = ("train", "--resume", "--steps", 4, "--checkpoints", tmp_path / "runs")
    process = start(*command, env=os.environ | other, stderr=subprocess.PIPE, text=True)
    _, stderr = process.communicate(timeout=LONG)
    assert process.returncode == 1
    assert stderr.startswith("charrnn: error: to train in precision bf16 needs a processor")
    assert len(stderr.splitlines()) == 1


def test_a_run_can_start_from_another(train, invoke, tmp_path):
    train("--steps", 20)
    (tmp_path / "more.txt").write_text("A cat? The CAT!\n" * 80)
    options = ("--checkpoints", tmp_path / "runs", "--steps", 5, "--init-from")
    result = invoke("train", tmp_path / "more.txt", *options, "cats")
    assert result.exit_code == 0
    assert "note:  starts from a trained model; characters that are new to it: 5\n" in result.stderr
    assert load(tmp_path / "runs" / "more").config.hidden_size == 8
    result = invoke("train", tmp_path / "more.txt", *options, tmp_path / "runs" / "more", "--name", "x", *SMALL[:1], 9)
    assert result.exit_code == 1
    assert result.stderr.startswith("charrnn: error: hidden_size is 8 in this run and cannot become 9: leave it out")


def test_the_end_tells_what_would_help_and_what_has_ended_it(train, tmp_path):
    result = train("--steps", 60, "--eval-every", 10)
    assert re.search(r"\nhint:  validation \(.*\) are alike and still falling: train longer", result.stderr)
    result = train("--eval-every", 2, "--patience", 2, "--learning-rate", 9, "--steps", 400, "--name", "x", "--json")
    assert events(result.stdout)[-1]["reason"] == "patience"
    result = train("--resume", "--name", "x")
    assert "until 400 steps in all, on 1 thread, ends early after 2 evaluations without improvement" in result.stderr
    assert "raise --patience" in result.stderr
    result = train("--resume", "--name", "x", "--patience", 4, "--json")
    assert events(result.stdout)[-1]["step"] > events(result.stdout)[0]["resumed_from"]


def test_documents_from_training_to_sampling(train, invoke, tmp_path):
    names = tmp_path / "names.txt"
    names.write_text("anna\r\nbob\n\neve\n" * 40)
    at = ("--checkpoints", tmp_path / "runs")
    trained = train("--documents", "line", "--steps", 250, "--learning-rate", 0.03, source=names)
    assert "note:  108 documents to train on, 12 to validate with" in trained.stderr
    drawn = invoke("sample", *at, "--num-samples", 9, "--temperature", 0.3, "--rng-seed", 1)
    assert set(drawn.stdout.splitlines()) == {"anna", "bob", "eve"}
    assert len(drawn.stdout.splitlines()) == 9
    seeded = json.loads(invoke("sample", *at, "--seed", "an", "--rng-seed", 1, "--json").stdout)
    assert (seeded["text"], seeded["characters"], seeded["stop_reason"]) == ("anna", 2, "end")
    scored = json.loads(invoke("eval", *at, names, "--json").stdout)
    assert (scored["characters"], scored["bits_per_character"] < 0.6) == (13 * 40, True)
    shown = invoke("info", *at).stdout
    assert "vocabulary of 6 characters and the end of documents, --documents line\n  abenov\n" in shown
    assert invoke("train", "--resume", *at, "--steps", 252).exit_code == 0
    refused = invoke("train", names, "--resume", *at, "--documents", "file")
    assert (refused.exit_code, "documents is 'line' in this run and cannot become 'file'" in refused.stderr) == (
        1,
        True,
    )


ZEROS = ("--embedding-size", 0, "--clip-norm", 0, "--warmup-steps", 0, "--reset-probability", 0)


@pytest.mark.parametrize(("speed", "given", "tied"), [(20.0, ZEROS, False), (0.2, (), True)])  # too slow to be late
def test_a_planned_run_tells_what_repeats_it_exactly(train, invoke, monkeypatch, tmp_path, speed, given, tied):
    monkeypatch.setattr("charrnn.starting.training_speed", lambda *_, **__: speed)
    stderr = train("--minutes", 5, "--hidden-size", 8, *given).stderr
    assert re.search(r"run:   [\d,]+ steps \([\d.]+ epochs.*\) in at most 5 minutes on 1 thread\n", stderr)
    assert "time was up" not in stderr
    planned = float(re.search(r"([\d.]+) epochs", stderr)[1])
    assert float(re.findall(r"epoch ([\d.]+)", stderr)[-1]) == pytest.approx(planned, abs=0.06)
    again = shlex.split(re.search(r"^again: \(trains the same model, bit for bit\) (.*)$", stderr, re.MULTILINE)[1])
    assert "--minutes" not in again
    assert ("--tie-embedding" in again) == tied
    result = invoke(*again[1:])
    assert (result.exit_code, "again:" in result.stderr) == (0, False)
    first = load_checkpoint(tmp_path / "runs" / "cats" / "last.safetensors")
    second = load_checkpoint(tmp_path / "runs" / "cats-again" / "last.safetensors")
    assert first.header["settings"] | {"minutes": 0.0} == second.header["settings"]
    assert all(np.array_equal(tensor, second.tensors[name]) for name, tensor in first.tensors.items())


def test_what_repeats_a_run_has_no_text_that_looks_like_an_option(invoke, monkeypatch, tmp_path):
    monkeypatch.setattr("charrnn.starting.training_speed", lambda *_, **__: 2000.0)
    monkeypatch.chdir(tmp_path)
    Path("-cats.txt").write_text("cats and dogs. " * 40)
    stderr = invoke("train", "--minutes", 0.01, "--hidden-size", 8, "--", "-cats.txt").stderr
    again = shlex.split(re.search(r"^again: \(trains the same model, bit for bit\) (.*)$", stderr, re.MULTILINE)[1])
    assert again[2] == "./-cats.txt"
    assert invoke(*again[1:]).exit_code == 0


def test_nothing_repeats_a_run_that_took_the_place_of_the_one_that_it_started_from(train, monkeypatch):
    monkeypatch.setattr("charrnn.starting.training_speed", lambda *_, **__: 2000.0)
    train("--steps", 1)
    options = ["--minutes", 0.01, "--init-from", "cats"]
    assert "again: " in train(*options, "--name", "kittens").stderr
    assert "again: " not in train(*options, "--overwrite").stderr


def test_what_samples_a_run_takes_its_name_for_no_option(train, invoke):
    stderr = train("--name", "--x", "--steps", 1).stderr
    command = shlex.split(next(line for line in stderr.splitlines() if line.startswith("next: ")))
    assert invoke(*command[2:]).exit_code == 0


def test_a_run_says_that_its_minutes_were_too_few_for_its_steps(train, monkeypatch):
    monkeypatch.setattr("charrnn.starting.training_speed", lambda *_, **__: 1e9)
    stderr = train("--minutes", 0.01, "--hidden-size", 8, "--val-fraction", 0).stderr
    late = next(line for line in stderr.splitlines() if "time was up" in line)
    assert re.fullmatch(
        r"note:  time was up after [\d,]+ of [\d,]+ steps; the command after 'again:' trains all of them", late
    )


def test_a_resumed_run_that_was_too_slow_says_how_it_goes_on(train, monkeypatch):
    train("--steps", 1)
    monkeypatch.setattr(
        "charrnn.training.trainer.Trainer.limits_used", lambda self: {"minutes": self.progress.step / 2}
    )
    stderr = train("--resume", "--steps", 10**6, "--minutes", 9).stderr
    assert "note:  time was up after 2 of 1,000,000 steps; --resume with more --minutes trains on\n" in stderr


def test_a_run_need_not_be_planned(train, monkeypatch):
    monkeypatch.setattr("charrnn.starting.training_speed", None)
    stderr = train("--minutes", 0.0001, "--no-plan").stderr
    assert "run:   0.0001 minutes on 1 thread\n" in stderr
    assert "again:" not in stderr
