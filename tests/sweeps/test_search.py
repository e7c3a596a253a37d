import math
import sys

import pytest

from charrnn.errors import ConfigError, RunError
from charrnn.sweeps.planned_run import PlannedRun
from charrnn.sweeps.search import Search, Study, find_part
from charrnn.sweeps.spec import run_name

pytest.importorskip("optuna", reason="Optuna is an extra")

CHOICES = {
    "learning-rate": {"min": 1e-4, "max": 1e-1, "log": True},
    "hidden-size": {"min": 8, "max": 64},
    "optimizer": ["adam", "sgd"],
    "dropout": [0.0, 0.123456],
}
MARKS = 20


def search(trials=14, choices=CHOICES, sampler="TPESampler", pruner="NopPruner", seed=1):
    return Search(
        trials=trials,
        seed=seed,
        sampler=find_part("sampler", sampler),
        pruner=find_part("pruner", pruner),
        choices=choices,
        whole=frozenset({"hidden-size"}),
        plan=lambda number, chosen: PlannedRun(run_name({"trial": number, **chosen}), ("/x",), dict(chosen), {}),
    )


def bpc_of(run):
    return 2 + abs(math.log10(run.options["learning-rate"]) + 2) + abs(run.options["hidden-size"] - 40) / 100


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.log"


@pytest.mark.parametrize("sampler", ["TPESampler", {"name": "TPESampler", "multivariate": True}, "RandomSampler"])
def test_a_study_that_is_opened_anew_at_every_moment_chooses_as_one_that_is_not(tmp_path, sampler):
    whole, pieces = Study(search(sampler=sampler), tmp_path / "whole"), tmp_path / "pieces"
    runs = []
    while run := whole.ask():
        runs.append(run)
        whole.evaluated(run.name, bpc_of(run) + 1, 0.5)
        whole.tell(run.name, "done", bpc_of(run))
        (asked,) = [Study(search(sampler=sampler), pieces).ask()]
        assert asked == run
        Study(search(sampler=sampler), pieces).evaluated(run.name, bpc_of(run) + 1, 0.5)
        Study(search(sampler=sampler), pieces).tell(run.name, "done", bpc_of(run))
    assert len(runs) == 14
    assert Study(search(sampler=sampler), pieces).runs() == whole.runs() == runs
    assert len({run.name for run in runs}) == 14
    assert {type(run.options["hidden-size"]) for run in runs} == {int}
    assert {run.options["optimizer"] for run in runs} == {"adam", "sgd"}
    assert {run.options["dropout"] for run in runs} == {0.0, 0.123456}
    assert all(float(f"{run.options['learning-rate']:.4g}") == run.options["learning-rate"] for run in runs)


def test_it_finds_better_than_chance(path):
    study = Study(search(trials=30), path)
    while run := study.ask():
        study.tell(run.name, "done", bpc_of(run))
    bpcs = [bpc_of(run) for run in study.runs()]
    assert sum(bpcs[20:]) / 10 < sum(bpcs[:10]) / 10 - 0.2


def test_a_poor_trial_is_ended_once(path):
    study = Study(search(pruner={"name": "MedianPruner", "n_startup_trials": 2}), path)
    for bpc in (2.0, 2.1):
        run = study.ask()
        assert not any(study.evaluated(run.name, bpc + 1 / mark, mark / MARKS) for mark in range(1, MARKS + 1))
        study.tell(run.name, "done", bpc)
    run = study.ask()
    assert study.awaits(run.name)
    assert not study.evaluated(run.name, None, 0.1)
    assert not study.evaluated(run.name, 2.05, 0.11)
    assert not study.evaluated(run.name, 5.0, 0.52)  # the best counts
    study = Study(search(pruner={"name": "MedianPruner", "n_startup_trials": 2}), path)
    worse = study.ask()
    assert study.evaluated(worse.name, 5.0, 0.52)
    assert not study.evaluated(worse.name, 5.0, 0.6)
    study.tell(worse.name, "pruned", 5.0)
    assert not study.awaits(worse.name)
    assert [name for name in (r.name for r in study.runs()) if study.awaits(name)] == [run.name]


def test_a_trial_that_failed_or_was_cut_stays_at_work(path):
    study = Study(search(trials=2), path)
    first, second = study.ask(), study.ask()
    study.tell(first.name, "failed", None)
    study.tell(second.name, "cut", 3.0)
    study = Study(search(trials=2), path)
    assert study.ask() is None
    assert study.runs() == [first, second]
    assert study.awaits(first.name)
    assert study.awaits(second.name)
    assert Study(search(trials=3), path).total == 3
    assert Study(search(trials=1), path).total == 2


def test_a_kill_or_a_power_cut_in_the_middle_of_a_choice_changes_nothing(path, tmp_path):
    study = Study(search(), path)
    first = study.ask()
    begun = path.read_bytes()
    second = study.ask()
    more = path.read_bytes()[len(begun) :]
    for size in range(1, len(more), 31):
        path.write_bytes(begun + more[:size])
        again = Study(search(), path)
        if len(again.runs()) == 1:
            assert again.ask() == second
        assert again.runs() == [first, second]


def test_a_damaged_journal_is_told(path):
    Study(search(), path).ask()
    path.write_bytes(b"garbage\n" + path.read_bytes())
    with pytest.raises(RunError, match=r"study\.log is damaged: remove it"):
        Study(search(), path)


def test_choices_that_a_study_cannot_change_are_refused(path):
    Study(search(), path).ask()
    assert Study(search(choices={**CHOICES, "hidden-size": {"min": 8, "max": 128}}), path).ask()
    with pytest.raises(ConfigError, match=r"the choices of optimizer in \[optuna\] are not those of the study in "):
        Study(search(choices={**CHOICES, "optimizer": ["adam", "rmsprop"]}), path)


@pytest.mark.parametrize(
    ("kind", "wanted", "message"),
    [
        ("sampler", "Tpe", r"sampler must be one of .*, TPESampler, or a table of its name and arguments"),
        ("sampler", "BaseSampler", "sampler must be one of "),
        ("pruner", 5, "pruner must be one of .*MedianPruner, .*, or a table"),
        ("pruner", {"percentile": 5}, "pruner must be one of "),
        (
            "pruner",
            {"name": "MedianPruner", "colour": 1},
            "pruner MedianPruner: .*unexpected keyword argument 'colour'",
        ),
        ("pruner", {"name": "PercentilePruner", "percentile": 500}, "pruner PercentilePruner: Percentile must be"),
        ("sampler", "PartialFixedSampler", "sampler PartialFixedSampler: .*'seed'"),
    ],
)
def test_samplers_and_pruners_have_their_names_in_optuna(kind, wanted, message):
    with pytest.raises(ConfigError, match=message):
        find_part(kind, wanted)


def test_without_optuna_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ConfigError, match=r"\[optuna\] needs Optuna: .* pip install 'charrnn-cpu\[optuna\]'"):
        find_part("sampler", "TPESampler")
