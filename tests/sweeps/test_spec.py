import sys

import pytest

from charrnn.cli.sweep import train_options
from charrnn.errors import ConfigError
from charrnn.hyperparameters import defaults_of, options_in
from charrnn.sweeps.spec import read_spec, run_name
from charrnn.training.settings import OPTIMIZER_OPTIONS

OPTIONS = train_options()


@pytest.fixture
def read(tmp_path):
    for name in ("book.txt", "other.txt"):
        (tmp_path / name).write_text("some text")

    def read(text):
        (tmp_path / "sizes.toml").write_text(text)
        return read_spec(tmp_path / "sizes.toml", OPTIONS, tmp_path / "runs")

    return read


def names(spec):
    return [run.name for run in spec.runs]


def test_a_grid_makes_every_combination(read, tmp_path):
    spec = read('corpus = "book.txt"\n[fixed]\nsteps = 9\n[grid]\nhidden-size = [8, 16]\nrng-seed = [0, 1]\n')
    assert spec.name == "sizes"
    assert names(spec) == [f"hidden-size={size},rng-seed={seed}" for size in (8, 16) for seed in (0, 1)]
    assert spec.runs[1].options == {"steps": 9, "hidden-size": 8, "rng-seed": 1}
    assert spec.runs[1].swept == {"hidden-size": 8, "rng-seed": 1}
    assert spec.runs[1].sources == (str(tmp_path / "book.txt"),)


def test_runs_by_hand_and_random_trials_come_after(read):
    spec = read(
        'name = "all"\ncorpus = ["book.txt", "other.txt"]\n[fixed]\ndropout = 0.1\n[grid]\nbytes = [true]\n'
        "[random]\ntrials = 2\nlearning-rate = {min = 1e-4, max = 1e-2, log = true}\n"
        '[[run]]\ndropout = 0.2\n[[run]]\nname = "plain"\n'
    )
    assert spec.name == "all"
    grid, *random, by_hand, plain = spec.runs
    assert grid.name == "bytes=true"
    assert [run.name for run in random] == [f"learning-rate={run.options['learning-rate']}" for run in random]
    assert (by_hand.name, by_hand.options) == ("dropout=0.2", {"dropout": 0.2})
    assert (plain.name, plain.options, plain.swept) == ("plain", {"dropout": 0.1}, {})
    assert len(plain.sources) == 2


@pytest.mark.parametrize(
    ("part", "runs"),
    [
        ("[random]\ntrials = 5_000_000_000\ndropout = [0.1]\n", "5,000,000,000"),
        ("[optuna]\ntrials = 100_001\ndropout = [0.1]\n", "100,001"),
        (f"[grid]\nrng-seed = {[*range(400)]}\nsteps = {[*range(1, 301)]}\n", "120,000"),
        ("[random]\ntrials = 60_000\ndropout = [0.1]\n[optuna]\ntrials = 50_000\ndropout = [0.1]\n", "110,000"),
    ],
)
def test_more_runs_than_can_be_planned_are_refused(read, part, runs):
    with pytest.raises(ConfigError, match=rf"sizes\.toml:2: a sweep must be at most 100,000 runs, not {runs}: "):
        read(f'corpus = "book.txt"\n{part}')


def test_a_limit_of_0_is_only_for_runs_with_another(read):
    assert len(read('corpus = "book.txt"\n[grid]\nsteps = [0, 9]\nminutes = [1]\n').runs) == 2
    for limits in ("steps = [0]", "steps = [9, 0]", "minutes = [0]\nepochs = [0.0]"):
        with pytest.raises(ConfigError, match=r"sizes\.toml:2: (steps|epochs) must be above 0, not 0"):
            read(f'corpus = "book.txt"\n[grid]\n{limits}\n')


def test_texts_can_be_swept(read):
    spec = read('[grid]\ncorpus = ["book.txt", ["book.txt", "other.txt"]]\n')
    assert names(spec) == ["corpus=book", "corpus=book+other"]
    assert [len(run.sources) for run in spec.runs] == [1, 2]
    assert spec.runs[1].options == {}


def test_texts_that_differ_in_vowel_signs_make_runs_of_their_own(read, tmp_path):
    for name in ("कि", "की", "cafe\u0301"):
        (tmp_path / f"{name}.txt").write_text("some text")
    spec = read('[grid]\ncorpus = ["कि.txt", "की.txt"]\n')
    assert names(spec) == ["corpus=कि", "corpus=की"]
    (tmp_path / "runs" / "sizes" / "corpus=cafe-").mkdir(parents=True)  # of an earlier version
    assert names(read('[grid]\ncorpus = ["cafe\u0301.txt", "कि.txt"]\n')) == ["corpus=cafe-", "corpus=कि"]


def test_the_same_run_twice_is_one(read):
    spec = read('corpus = "book.txt"\n[grid]\nrng-seed = [0, 1]\n[[run]]\nrng-seed = 1\n')
    assert names(spec) == ["rng-seed=0", "rng-seed=1"]


def test_a_combination_is_one_run_whatever_its_order_and_its_name(read):
    spec = read(
        'corpus = "book.txt"\n[grid]\nhidden-size = [8]\ncell = ["gru"]\nrng-seed = [0, 1]\n'
        '[[run]]\ncell = "gru"\nhidden-size = 8\nrng-seed = 1\n'
        '[[run]]\nname = "default-seed"\ncell = "gru"\nhidden-size = 8\n'
    )
    assert names(spec) == ["hidden-size=8,cell=gru,rng-seed=0", "hidden-size=8,cell=gru,rng-seed=1"]


OF_OTHERS = {name.replace("_", "-") for name in OPTIMIZER_OPTIONS.keys() - defaults_of("optimizers", "adam").keys()}
OF_OTHERS |= {
    name.replace("_", "-") for name in options_in("cells", "Model").keys() - defaults_of("cells", "lstm").keys()
}
"""Hyperparameters that the default optimizer and cell do not have."""


def test_a_long_name_is_cut_and_still_its_own(read):
    many = "".join(
        f"{key} = [0.123456789]\n"
        for key in OPTIONS
        if OPTIONS[key].kind is float and key not in ("val-fraction", *OF_OTHERS)
        if not OPTIONS[key].kinds or ("text", "rnn") in OPTIONS[key].kinds
    )
    spec = read(
        f'corpus = "book.txt"\n[grid]\n{many}reset-probability = [0.5, 0.25]\nval-fraction = [0.1]\n'.replace(
            "reset-probability = [0.123456789]\n", ""
        )
    )
    assert len(set(names(spec))) == 2
    assert max(map(len, names(spec))) < 220


@pytest.mark.parametrize("sign", ["字", "é", "क"])
def test_a_name_is_as_long_as_file_systems_take_it(sign, tmp_path):
    first, second = (run_name({"documents": sign * 190 + end}) for end in ("a", "b"))
    assert first != second
    (tmp_path / first).mkdir()
    assert run_name({"documents": sign * 60}) == f"documents={sign * 60}"


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[grid]\nhiden-size = [8]", 2, "unknown option 'hiden-size': did you mean 'hidden-size'?"),
        ("[fixed]\nhidden-size = 0", 2, "hidden_size must be a whole number of at least 1, not 0"),
        ("[fixed]\nhidden-size = 8.5", 2, "hidden_size must be a whole number of at least 1, not 8.5"),
        ('[fixed]\nhidden-size = "8"', 2, "hidden_size must be a whole number of at least 1, not '8'"),
        ("[fixed]\ndropout = true", 2, "dropout must be a number, not True"),
        ("[fixed]\nbytes = 1", 2, "bytes must be true or false, not 1"),
        ('[fixed]\nencoding = "klingon"', 2, "the encoding 'klingon' is unknown"),
        ("[fixed]\nthreads = 0", 2, "threads must be a whole number of at least 1, not 0"),
        ("[fixed]\nkeep = -1", 2, "keep must be a whole number of at least 0, not -1"),
        (
            '[grid]\nrng-seed = [0]\noptimizer = [\n"adam",\n"lion"]',
            3,
            "unknown optimizer 'lion': choose one of adagrad",
        ),
        ("[grid]\ndropout = 0.5", 2, "dropout must be a list of values, not 0.5"),
        ("[grid]\ndropout = []", 2, "dropout must be a list of values, not []"),
        ("[[run]]\nsteps = 3\n[[run]]\nsteps = -3", 4, "steps must be a whole number of at least 0, not -3"),
        ("[[run]]\n", 1, "a [[run]] is empty: give it an option or a name"),
        ('[[run]]\nname = "a/b"', 2, "a run's name must be a plain folder name"),
        ('[[run]]\nname = "a"\nsteps = 1\n[[run]]\nname = "a"\nsteps = 2', 4, "two different runs would be called 'a'"),
        ("[fixed]\nsteps = 3", 0, "no run to train"),
        ("[run]\nsteps = 3", 1, "run has the wrong form: write [[run]]"),
        ("hidden-size = 8", 1, "unknown key 'hidden-size': write options of every run below [fixed]"),
        (
            "[grids]\nhidden-size = [8]",
            1,
            "unknown key 'grids': use one of name, corpus, fixed, grid, random, optuna, run",
        ),
        ("[fixed]\ncheckpoints = 'elsewhere'", 2, "checkpoints is set by the sweep: leave it out"),
        ("[random]\ntrials = 3", 1, "[random] has nothing to choose"),
        ("[grid]\ncorpus = ['']", 2, "corpus must be a path or a list of paths, not ''"),
        ("[[run]]\nname = 'sweep.json'", 2, "a run's name must be a plain folder name, and none of the sweep's own"),
        ("[[run]]\nname = 'aux'\nsteps = 3", 2, "a run's name must be without any of"),
        ("[grid]\ncorpus = ['nowhere.txt']", 2, "cannot read nowhere.txt: there is no such file or folder"),
        ("[grid]\ncorpus = [3]", 2, "corpus must be a path or a list of paths, not 3"),
        ("[random]\ndropout = [0.1]", 1, "trials of [random] must be a whole number, not None"),
        ("[random]\ntrials = 1\nseed = 0.5", 3, "seed of [random] must be a whole number, not 0.5"),
        (
            "[random]\ntrials = 1\ndropout = {min = 0.5, max = 0.1}",
            3,
            "dropout must be a list of choices, or of numbers",
        ),
        ("[random]\ntrials = 1\ndropout = {min = 0, max = 0.1, log = true}", 3, "with log = true above 0"),
        ("[random]\ntrials = 1\ndropout = {min = 0.1, max = 2}", 3, "dropout must be at least 0 and below 1, not 2"),
        (
            "[fixed]\nseq-length = 10\n[grid]\nrng-seed = [1]\nupdate-every = [5, 20]",
            3,
            "update_every must be at most seq_length, 10, not 20",
        ),
        ("[grid]\nmodel = ['rnn', 'ngram']\norder = [3, 4]", 1, "model rnn has no order: leave it out"),
        ("[fixed]\nmodel = 'ngram'\n[grid]\nsteps = [0, 5]", 3, "model ngram has no steps: leave it out"),
        (
            "[fixed]\nmodel = 'tdnn'\n[[run]]\nsteps = 1\n[[run]]\ncell = 'gru'",
            5,
            "model tdnn has no cell",
        ),
        (
            "[[run]]\nmodel = 'tdnn'\n[[run]]\nmodel = 'tdnn'\ndocuments = 'line'",
            3,
            "model tdnn cannot learn documents",
        ),
        ("[random]\ntrials = 1\noptimizer = {min = 1, max = 2}", 3, "optimizer must be a list of choices"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(read, text, line, message):
    with pytest.raises(ConfigError) as caught:
        read(f'corpus = "book.txt"\n{text}')
    assert f"sizes.toml:{line + 1}: " in str(caught.value)
    assert message in str(caught.value)


def test_a_search_plans_each_trial_when_it_is_chosen(read, tmp_path):
    pytest.importorskip("optuna", reason="Optuna is an extra")
    spec = read(
        '[fixed]\nsteps = 9\n[optuna]\ntrials = 3\npruner = {name = "PercentilePruner", percentile = 10.0}\n'
        "dropout = {min = 0, max = 0.5}\nhidden-size = {min = 8, max = 16}\n"
        'corpus = ["book.txt", ["book.txt", "other.txt"]]\n'
    )
    assert spec.runs == ()
    assert (spec.search.trials, spec.search.seed, spec.search.whole) == (3, 0, {"hidden-size"})
    first, second = spec.search.choices["corpus"]
    run = spec.search.plan(2, {"dropout": 0.25, "corpus": second})
    assert (run.name, run.options) == ("trial=2,dropout=0.25,corpus=book+other", {"steps": 9, "dropout": 0.25})
    assert run.sources == (str(tmp_path / "book.txt"), str(tmp_path / "other.txt"))
    assert spec.search.plan(0, {"dropout": 0.25, "corpus": first}).sources == (str(tmp_path / "book.txt"),)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("[optuna]\ntrials = 1", 1, "[optuna] has nothing to choose"),
        ("[optuna]\ndropout = [0.1]", 1, "trials of [optuna] must be a whole number, not None"),
        ("[optuna]\ntrials = 1\ndropuot = [0.1]", 3, "unknown option 'dropuot': did you mean 'dropout'?"),
        ("[optuna]\ntrials = 1\ndropout = {min = 0.5, max = 0.1}", 3, "dropout must be a list of choices"),
        (
            "[optuna]\ntrials = 1\nseq-length = {min = 16, max = 64}\nupdate-every = [8, 32]",
            1,
            "update_every must be at ",
        ),
        ('[optuna]\ntrials = 1\nsampler = "Best"\ndropout = [0.1]', 3, "sampler must be one of "),
        ('[optuna]\ntrials = 1\npruner = {name = "Best"}\ndropout = [0.1]', 3, "pruner must be one of "),
        ('[optuna]\ntrials = 1\nsampler = "GridSampler"\ndropout = [0.1]', 3, "sampler must be one of "),
        ('[optuna]\ntrials = 1\nsampler = "BruteForceSampler"\ndropout = [0.1]', 3, "sampler must be one of "),
        (
            '[optuna]\ntrials = 3\nsampler = {name = "TPESampler", n_startup_trials = "a"}\ndropout = [0.1, 0.2]',
            3,
            "sampler TPESampler: '<' not supported",
        ),
        (
            '[optuna]\ntrials = 30\nsampler = {name = "TPESampler", n_ei_candidates = "a"}\ndropout = [0.1, 0.2]',
            3,
            "sampler TPESampler: ",
        ),
        (
            '[optuna]\ntrials = 3\nsampler = {name = "TPESampler", seed = 7}\ndropout = [0.1]',
            3,
            "the seed of TPESampler is that of [optuna]: write seed = 7 there",
        ),
        (
            '[optuna]\ntrials = 3\npruner = {name = "MedianPruner", n_warmup_steps = "a"}\ndropout = [0.1]',
            3,
            "pruner MedianPruner: ",
        ),
        (
            '[optuna]\ntrials = 3\npruner = {name = "PatientPruner", wrapped_pruner = 5, patience = 1}\nkeep = [0]',
            3,
            "pruner must be one of ",
        ),
    ],
)
def test_what_is_wrong_with_a_search_is_told_with_its_line(read, text, line, message):
    pytest.importorskip("optuna", reason="Optuna is an extra")
    with pytest.raises(ConfigError) as caught:
        read(f'corpus = "book.txt"\n{text}')
    assert f"sizes.toml:{line + 1}: {message}" in str(caught.value)


def test_a_sampler_whose_package_is_missing_is_refused_with_its_line(read, monkeypatch):
    pytest.importorskip("optuna", reason="Optuna is an extra")
    monkeypatch.setitem(sys.modules, "cmaes", None)
    with pytest.raises(
        ConfigError, match=r"sizes.toml:4: sampler CmaEsSampler needs a package: install it with pip install cmaes$"
    ):
        read(
            'corpus = "book.txt"\n[optuna]\ntrials = 30\nsampler = "CmaEsSampler"\n'
            "dropout = {min = 0, max = 0.5}\nlearning-rate = {min = 1e-4, max = 1e-2}\n"
        )


def test_a_pruner_can_wrap_another(read):
    optuna = pytest.importorskip("optuna", reason="Optuna is an extra")
    for wrapped in ('"MedianPruner"', '{name = "MedianPruner", n_startup_trials = 2}'):
        patient = f'{{name = "PatientPruner", wrapped_pruner = {wrapped}, patience = 2}}'
        spec = read(f'corpus = "book.txt"\n[optuna]\ntrials = 3\npruner = {patient}\ndropout = [0.1, 0.2]\n')
        assert isinstance(spec.search.pruner(), optuna.pruners.PatientPruner)


def test_a_search_needs_optuna_and_a_text(read, monkeypatch):
    search = "[optuna]\ntrials = 1\ndropout = [0.1]\n"
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "optuna", None)
        with pytest.raises(ConfigError, match=r"sizes.toml:1: \[optuna\] needs Optuna: install it with pip install"):
            read(search)
    pytest.importorskip("optuna", reason="Optuna is an extra")
    with pytest.raises(ConfigError, match=r"sizes.toml:1: no text to train on"):
        read(search)


def test_what_the_file_does_not_set_has_its_default(tmp_path, read):
    read('corpus = "book.txt"\n[fixed]\ndropout = 0.5\n[grid]\nhidden-size = [8]\n')
    path, defaults = tmp_path / "sizes.toml", {"steps": 7, "dropout": 0.25, "hidden-size": 9}
    [run] = read_spec(path, OPTIONS, tmp_path, defaults).runs
    assert run.options == {"steps": 7, "dropout": 0.5, "hidden-size": 8}
    with pytest.raises(ConfigError, match=r"sizes.toml:4: model rnn has no order"):
        read_spec(path, OPTIONS, tmp_path, {"order": 3})


def test_a_text_is_needed(read):
    with pytest.raises(ConfigError, match=r"sizes.toml:1: no text to train on"):
        read("[grid]\nrng-seed = [1]")


def test_a_name_must_be_a_folder(read):
    with pytest.raises(ConfigError, match=r"sizes.toml:1: a sweep's name must be a plain folder name"):
        read('name = "../x"\ncorpus = "book.txt"\n[grid]\nrng-seed = [1]')
    with pytest.raises(ConfigError, match=r"sizes.toml:1: a sweep's name must be without any of"):
        read('name = "a:b"\ncorpus = "book.txt"\n[grid]\nrng-seed = [1]')


def test_a_value_that_ends_with_a_dot_gives_a_name_that_does_not():
    assert run_name({"run": "3."}) == "run=3-"
