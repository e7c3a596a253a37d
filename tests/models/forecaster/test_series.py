import json
import pickle

import numpy as np
import pytest
from click.testing import CliRunner
from jobs import train

import charrnn
from charrnn.cli.shared.group import group
from charrnn.errors import CharrnnError, ConfigError, CorpusError
from charrnn.kernels.processor import BFLOAT16
from charrnn.kinds.config import make_config
from charrnn.models.forecaster.rivals import autoregression, best_order, naive, period_of, seasonal_naive
from charrnn.models.forecaster.series import TimeSeries, continued
from charrnn.models.forecaster.table import chosen_columns, read_table
from charrnn.starting import open_job
from charrnn.storage.trained_on import trained_on

SMALL_FROM = {"task": "series", "hidden_size": 4}
MODELS = ("narx", "tdnn", "rnn")
QUICK = {"task": "series", "hidden_size": 4, "seq_length": 64, "steps": 6, "eval_every": 3, "preview": False}


def waves(rows=60, start=0):
    """y[t] = x[t] / 2 + y[t - 1] / 4 + wave, x[t] of period 5."""
    y, lines = 0.0, []
    for t in range(start + rows):
        x = (t * 3 % 5) - 2
        y = 0.5 * x + 0.25 * y + np.sin(t / 3)
        lines.append(f"{1900 + t},{x},{y:.4f}\n")
    return "year,x,y\n" + "".join(lines[start:])


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "waves.csv"
    path.write_text(waves())
    return path


def trained(table, runs, model="narx", **options):
    lags = {} if model == "rnn" else {"lags": 3}
    job, events = train(str(table), checkpoints=runs, model=model, **{**QUICK, **lags, "ignore": "year", **options})
    return job, events


WRONG = {
    "": "at least two characters",
    "\n\n": "must have a header and rows, not nothing",
    "year,y\n": "must have at least 4 rows with a value of y, not 0",
    "year,y\n1900,1\n": "must have at least 4 rows with a value of y, not 1",
    "1900,1\n1901,2\n": "line 1 must name the columns, not hold numbers such as 1900",
    "year,y\n1,1\n2,\n3,3\n4,4\n5,5\n": "line 3, column y must be a finite number, not empty",
    "y\n1\n\n3\n4\n5\n": "line 3, column y must be a finite number, not empty",
    "x,y\n1,1\n,\n3,3\n4,4\n5,5\n": "line 3, column x must be a finite number, not empty",
    "year,y\n1,1\n,2\n3,3\n4,4\n5,5\n": "line 3, column year must be a finite number, not empty",
    "year,y\n1,1\n2,2\n3,many\n4,4\n": "line 4, column y must be a finite number, not 'many': correct it",
    "day,y\nMon,1\nTue,2\n": "line 2, column day must be a finite number, not 'Mon': correct it, or leave the column",
    "year,y\n1,1\n2,inf\n3,3\n4,4\n": "line 3, column y must be a finite number, not 'inf'",
    "year,y\n1,1\n2,nan\n3,3\n4,4\n": "line 3, column y must be a finite number, not 'nan'",
    "year,y\n1,1\n2,1e999\n3,3\n4,4\n": "line 3, column y must be a finite number, not '1e999'",
    "year,y\n1,1e308\n2,-1e308\n3,1e308\n4,1e308\n5,1\n": "column y must have a finite mean and deviation",
    "year,y\n1,1\n2\n": "line 3 must have 2 columns as the header has, not 1",
    "y,y\n1,1\n": "the columns must have different names, not y twice",
    'year,y\n1,"1\n': "must be CSV",
}


def test_files_joined_repeat_their_header():
    joined = read_table("year,y\n1,1\n2,2\n" + "year, y\n3,3\n")
    assert joined.rows == (("1", "1"), ("2", "2"), ("3", "3"))
    assert joined.lines == (2, 3, 5)


@pytest.mark.parametrize("text", WRONG)
def test_a_malformed_table_is_one_line_of_error(text, tmp_path, runs):
    path = tmp_path / "wrong.csv"
    path.write_text(text)
    with pytest.raises(CorpusError) as error:
        train(str(path), checkpoints=runs, model="narx", **QUICK)
    assert WRONG[text] in str(error.value)
    assert "\n" not in str(error.value)
    assert not runs.exists() or not list(runs.iterdir())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"target": "z"}, "target must be a column of the table, not 'z': its columns are year, x, y"),
        ({"ignore": "z"}, "ignore must be a column of the table, not 'z'"),
        ({"ignore": "y", "target": "y"}, "ignore must leave the target, not hold 'y'"),
        ({"ignore": "year,x,y"}, "ignore must leave a column"),
        ({"lags": 60}, "lags must be below 54, the rows to train on, not 60"),
        ({"min_count": 2}, "min_count would change numbers"),
        ({"embedding_size": 4}, "has no embedding_size: leave it out"),
        ({"documents": "line"}, "leave documents out"),
    ],
)
def test_an_option_that_does_not_fit_is_one_line_of_error(options, told, table, runs):
    with pytest.raises(ConfigError) as error:
        trained(table, runs, **options)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_columns_are_chosen_by_name_and_separators_by_the_header():
    table = read_table('\ufeff"day";"a, b";y\n\nMon;1;2\n')
    assert table.names == ("day", "a, b", "y")
    assert table.lines == (3,)
    assert chosen_columns(table, "", 'day,"a, b"') == ("y",)
    assert chosen_columns(table, "a, b", "day") == ("y", "a, b")
    assert read_table(",y\n0,1\n").names == ("column 1", "y")


def test_a_constant_column_is_told_and_read_as_zeros(tmp_path, runs):
    path = tmp_path / "constant.csv"
    path.write_text("x,y\n" + "".join(f"7,{t % 3}\n" for t in range(20)))
    job, events = train(str(path), checkpoints=runs, model="narx", lags=2, **QUICK)
    assert any("column x is constant" in note for note in events[0].notes)
    assert job.trainer.config.deviations[0] == 1


def test_a_first_column_that_numbers_the_rows_is_left_out(tmp_path, runs):
    path = tmp_path / "numbered.csv"
    path.write_text("year,x,y\n" + "".join(f"{1900 + t},{t},{t % 3}\n" for t in range(20)))
    job, events = train(str(path), checkpoints=runs, model="narx", lags=2, **QUICK)
    assert job.trainer.config.column_names == ("x", "y")
    assert any("column year numbers the rows: it is left out" in note for note in events[0].notes)
    job, _ = train(str(path), checkpoints=runs, model="narx", lags=2, target="year", overwrite=True, **QUICK)
    assert job.trainer.config.column_names == ("x", "y", "year")


def test_means_are_those_of_the_part_to_train_on(table, runs):
    job, _ = trained(table, runs, val_fraction=0.5)
    values, known = read_table(waves()).numbers(["x", "y"], "y")
    assert known == 60
    assert job.trainer.config.column_names == ("x", "y")
    assert np.allclose(job.trainer.config.means, values[:30].mean(axis=0))
    assert np.allclose(job.trainer.config.deviations, values[:30].std(axis=0))


@pytest.mark.parametrize("model", MODELS)
def test_a_resumed_run_ends_with_the_same_bytes(model, table, runs, tmp_path):
    trained(table, runs, model)
    other = tmp_path / "other"
    trained(table, other, model, stop_after=4)
    table.unlink()  # the run has its own copy
    train(checkpoints=other, resume=True, name="waves", preview=False)
    for name in ("last.safetensors", "best.safetensors"):
        assert (runs / "waves" / name).read_bytes() == (other / "waves" / name).read_bytes()


@pytest.mark.parametrize("model", MODELS)
def test_forecasts_do_not_depend_on_others_and_feed_outputs_back(model, tmp_path, runs):
    path = tmp_path / "alone.csv"
    path.write_text("y\n" + "".join(f"{np.sin(t):.4f}\n" for t in range(40)))
    train(str(path), checkpoints=runs, model=model, **QUICK | ({} if model == "rnn" else {"lags": 3}))
    best = runs / "alone" / "best.safetensors"
    loaded, part = charrnn.load(best), trained_on(best)
    three = loaded.forecast(3, training=part)
    assert loaded.forecast(1, training=part) == three[:1]
    assert loaded.forecast(3) == three, "the data of its run"
    # What was forecast, given as if it had been measured, leads to the same next forecast.
    again = "y\n" + "".join(f"{value!r}\n" for value in three[:2])
    assert loaded.forecast(1, again, training=part)[0] == pytest.approx(three[2], rel=1e-5)
    whole = path.read_text() + again.partition("\n")[2]
    assert loaded.forecast(1, whole, training=part)[0] == pytest.approx(three[2], rel=1e-5)


def test_inputs_of_the_future_must_be_given(table, runs):
    trained(table, runs)
    model, part = charrnn.load("waves", checkpoints=runs), trained_on(runs / "waves" / "best.safetensors")
    with pytest.raises(ConfigError, match="the table must end with 2 rows that give x and leave y empty, not 0"):
        model.forecast(2, training=part)
    assert len(model.forecast(2, "x,y\n1,\n2,\n", training=part)) == 2
    with pytest.raises(CorpusError, match="the table must have the column x, not only y"):
        model.forecast(2, "y\n1\n", training=part)
    with pytest.raises(ConfigError, match="the run's table is gone"):
        pickle.loads(pickle.dumps(model)).forecast(2)


def impulse_response(model, rows=40, at=5):
    """How an impulse of the input changes the rows after it, the target being what the model itself says."""
    before = "x,y\n" + "0,0\n" * 10
    table = [before + "".join(f"{int(t == at) * height},\n" for t in range(rows)) for height in (0, 3)]
    quiet, struck = (np.array(model.forecast(rows, text)) for text in table)
    return np.abs(struck - quiet) > 1e-6 * np.abs(struck - quiet).max()


@pytest.mark.parametrize("model", MODELS)
def test_the_response_to_an_impulse_is_finite_without_feedback(model, table, runs):
    trained(table, runs, model, precision="float64", steps=40, learning_rate=0.03)
    felt = impulse_response(charrnn.load("waves", checkpoints=runs))
    assert not felt[:5].any()
    assert felt[5]
    assert felt[8:].any() == (model != "tdnn")  # 3 lags


def test_eval_measures_rows_after_those_of_the_run_beside_rivals(table, runs, tmp_path):
    trained(table, runs, horizon=4)
    best = runs / "waves" / "best.safetensors"
    more, whole = tmp_path / "more.csv", tmp_path / "whole.csv"
    more.write_text(waves(20, start=60))
    whole.write_text(waves(80))
    model, part = charrnn.load(best), trained_on(best)
    evaluation = model.evaluate(more, training=part)
    assert evaluation.figures == model.evaluate(whole, training=part).figures
    assert evaluation.count == "20 rows, from 17 of them 1 to 4 rows ahead"
    values, _ = read_table(waves(80)).numbers(["y"], "y")
    y = values[:, 0]
    errors, scale = np.diff(y)[59:], np.abs(np.diff(y[:60])).mean()
    assert evaluation.figures["naive"]["rmse"] == pytest.approx(np.sqrt(np.mean(errors**2)))
    assert evaluation.figures["naive"]["mase"] == pytest.approx(np.abs(errors).mean() / scale)
    assert set(evaluation.titles) == set(evaluation.figures["model"])
    alone = pickle.loads(pickle.dumps(model)).evaluate(more)  # which has no run
    assert list(alone.figures) == ["model", "naive"]
    assert alone.count.startswith("17 rows")
    with pytest.raises(CorpusError, match="after the first 60, not 60 in all"):
        model.evaluate(table, training=part)


def test_rivals():
    season = np.tile([1.0, 2.0, 4.0, 3.0], 30)
    assert period_of(season) == 4
    assert period_of(np.arange(30.0)) == 0
    assert period_of(np.ones(30)) == 0
    origins = np.array([100, 101])
    assert np.array_equal(seasonal_naive(4).forecasts(season, origins, 6)[0], season[100:106])
    assert np.array_equal(naive().forecasts(season, origins, 2), [[3, 3], [1, 1]])
    y = [1.0, 0.5]
    for _ in range(100):
        y.append(1 + 0.5 * y[-1] - 0.7 * y[-2])
    noise = np.random.default_rng(0).normal(0, 1e-3, 102)
    assert best_order(np.array(y)[:40] + noise[:40]) >= 2
    found = autoregression(np.array(y), 2).forecasts(np.array(y[:4]), np.array([4]), 3)
    assert np.allclose(found, y[4:7])


def test_given_rows_go_on_unless_they_begin_with_the_same():
    before, more = (TimeSeries(np.array(rows, float)[:, np.newaxis], len(rows)) for rows in ([1, 2], [3, 4]))
    both = TimeSeries(np.array([[1.0], [2], [3], [4]]), 4)
    for given in (more, both):
        series, first = continued(before, given)
        assert (series.values[:, 0].tolist(), series.known, first) == ([1, 2, 3, 4], 4, 2)
    assert continued(None, more) == (more, 0)


def invoke(*arguments, text=None):
    return CliRunner().invoke(group, [str(argument) for argument in arguments], prog_name="charrnn", input=text)


def test_predict_prints_a_number_on_each_line(tmp_path, runs):
    path = tmp_path / "alone.csv"
    path.write_text("y\n" + "".join(f"{np.sin(t):.4f}\n" for t in range(40)))
    train(str(path), checkpoints=runs, model="narx", lags=3, **QUICK)
    where = ("--checkpoints", runs)
    printed = invoke("predict", "alone", "--horizon", 3, *where).stdout
    numbers = [float(line) for line in printed.splitlines()]
    assert len(numbers) == 3
    assert invoke("predict", "alone", *where).stdout.splitlines() == printed.splitlines()[:1]
    found = json.loads(invoke("predict", "alone", "--horizon", 3, "--json", *where).stdout)["forecast"]
    assert found == pytest.approx(numbers, rel=1e-5)
    piped = invoke("predict", "alone", "-", "--horizon", 2, *where, text=path.read_text()).stdout
    assert piped.splitlines() == printed.splitlines()[:2]
    assert invoke("predict", "alone", f"@{path}", "--horizon", 2, *where).stdout == piped
    assert "RMSE, 1 row ahead" in invoke("eval", "alone", _more(tmp_path), *where).stdout


def test_throughput_counts_rows(table, runs):
    shown = invoke("train", table, "--task", "series", "--steps", 3, "--hidden-size", 4, "--checkpoints", runs).stderr
    assert "rows/s" in shown
    assert "chars/s" not in shown


def _more(tmp_path):
    path = tmp_path / "more.csv"
    path.write_text("y\n" + "".join(f"{np.sin(t):.4f}\n" for t in range(40, 60)))
    return path


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("sample", "waves"), "a model for task series does not write text"),
        (("gradients", "waves", "TABLE"), "gradients are shown for models that write text, not for task series"),
    ],
)
def test_commands_for_texts_refuse_in_one_line(command, told, table, runs):
    trained(table, runs, "rnn")
    result = invoke(*(table if word == "TABLE" else word for word in command), "--checkpoints", runs)
    assert result.exit_code == 1
    (line,) = (line for line in result.stderr.splitlines() if not line.startswith("compiling"))
    assert told in line


def test_other_models_refuse_a_horizon(corpus, runs):
    train(corpus, checkpoints=runs, steps=2)
    result = invoke("predict", "cat", "--horizon", 3, "--checkpoints", runs)
    assert result.exit_code == 1
    assert "a model for task text does not continue numbers: leave the horizon out" in result.stderr


def test_a_plan_chooses_small_networks(table, runs):
    given = {"minutes": 0.002, "task": "series", "ignore": "year", "preview": False, "checkpoints": runs, "threads": 1}
    for model in MODELS:
        job = open_job([str(table)], model=model, name=model, **given)
        assert job.plan is not None
        assert job.trainer.config.hidden_size <= 8
        assert job.trainer.settings.weight_decay > 0
        assert "rows a second" in " ".join(job.plan.reasons)
        job.close()


def test_a_damaged_config_is_refused(table, runs):
    for wrong in ({"means": ()}, {"deviations": (0.0,)}, {"means": (float("nan"),)}, {"column_names": (1,)}):
        fields = {"column_names": ("y",), "means": (0.0,), "deviations": (1.0,)} | wrong
        with pytest.raises(CharrnnError, match="a mean and a deviation of each column"):
            make_config(5, task="series", model="narx", **fields)


def test_a_run_starts_from_the_weights_of_another_series(table, runs, tmp_path):
    trained(table, runs, "rnn", seq_length=0)
    other = tmp_path / "other.csv"
    other.write_text(waves(50, start=20))
    job, _ = train(str(other), checkpoints=runs, init_from="waves", steps=3, preview=False, **SMALL_FROM)
    assert job.trainer.config.means != charrnn.load("waves", checkpoints=runs).config.means
    assert job.trainer.config.column_names == ("x", "y")
    wider = tmp_path / "wider.csv"
    wider.write_text("year,z,y\n" + "".join(f"{t},{t % 3},{t % 4}\n" for t in range(20)))
    with pytest.raises(ConfigError, match="column_names must be as in the model that the run starts from"):
        train(str(wider), checkpoints=runs, init_from="waves", steps=3, preview=False, **SMALL_FROM)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("precision", ["float64", "bf16"])
def test_other_precisions_learn_too(model, precision, table, runs):
    if precision == "bf16" and not BFLOAT16:
        pytest.skip("this processor does not multiply bfloat16")
    _, events = trained(table, runs, model, precision=precision, steps=60, eval_every=30)
    values = [event.val["rmse"] for event in events if hasattr(event, "rollbacks") and hasattr(event, "val")]
    assert values[-1] < values[0]


def test_long_series_are_cut_into_segments(tmp_path, runs):
    path = tmp_path / "long.csv"
    path.write_text("y\n" + "".join(f"{np.sin(t):.4f}\n" for t in range(300)))
    _, events = train(str(path), checkpoints=runs, model="rnn", **{**QUICK, "seq_length": 20})
    assert [event.epoch for event in events if hasattr(event, "grad_norm")][-1] > 0
