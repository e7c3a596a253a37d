import math

import pytest

from charrnn.errors import CorpusError
from charrnn.kinds.config import config_for, make_config
from charrnn.models.language.recipe import MOST_EPOCHS_TIED, PLANNED_CELL, best_dropout, most_epochs, work_per_character
from charrnn.text.vocabulary import END, Vocabulary
from charrnn.training.plan import (
    LEAST_STEPS,
    MOST_PLANNED_MEMBERS,
    PLANNED_PATIENCE,
    make_plan,
    wants_plan,
)
from charrnn.training.settings import DEFAULT_MINUTES

VOCABULARY = Vocabulary.of("".join(map(chr, range(65))))
V = len(VOCABULARY)


class Machine:
    """One that does ``flops`` floating-point operations a second; times ``bf16`` or ``dropout`` with these."""

    def __init__(self, flops=1e11, bf16=1.0, dropout=1.0):
        self.flops, self.bf16, self.dropout = flops, bf16, dropout
        self.precisions = []

    def speed(self, config, settings, data):
        self.precisions.append(config.precision)
        gain = (self.bf16 if config.precision == "bf16" else 1) * (self.dropout if config.dropout else 1)
        work = 1e5 if config.model == "tdnn" else work_per_character(config)
        return gain * self.flops / work

    def seconds(self, options, size, window):
        """How long that many steps take."""
        return options["steps"] * window * 6 * size * (3 * size + V) / self.flops


class SteadyMachine:
    """One that trains any model at so many characters a second, and scores with any three times as fast."""

    def __init__(self, throughput):
        self.throughput = throughput

    def speed(self, config, settings, data):
        return self.throughput


class TextOf:
    """A text of so many characters, as far as a plan looks at it."""

    def __init__(self, characters, vocabulary=VOCABULARY):
        self.characters, self.vocabulary = characters, vocabulary

    def fields(self):
        return {"vocab_size": len(self.vocabulary), "end_symbol": bool(self.vocabulary.documents)}

    def split(self, val_fraction):
        validation = int(self.characters * val_fraction)
        return range(self.characters - validation), range(validation)


def made(given, *, characters=1_000_000, spent=0.0, machine=None):
    return make_plan(given, TextOf(characters), lambda: spent, (machine or Machine()).speed)


def plan(*, characters=1_000_000, spent=1.0, flops=1e11, **given):
    return made(given, characters=characters, spent=spent, machine=Machine(flops)).options


def test_the_size_grows_with_time_and_speed():
    sizes = [plan(minutes=minutes)["hidden_size"] for minutes in (0.1, 0.5, 2, 10, 60)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    assert plan(minutes=2, flops=1e10)["hidden_size"] < plan(minutes=2, flops=1e12)["hidden_size"]


@pytest.mark.parametrize(
    ("given", "window"),
    [
        ({}, 32 * 64),
        ({"hidden_size": 100}, 32 * 64),
        ({"batch_size": 8, "seq_length": 16, "update_every": 4}, 8 * 4),
    ],
)
@pytest.mark.parametrize("val_fraction", [0.0, 0.02])
def test_steps_and_evaluations_fill_the_time_and_leave_a_little(given, window, val_fraction):
    options = plan(**{"minutes": 2, "spent": 5.0, "characters": 4 * 10**6, "val_fraction": val_fraction, **given})
    size = given.get("hidden_size") or options["hidden_size"]
    evaluations = math.ceil(options["steps"] / options["eval_every"])
    learned = options["steps"] * window + evaluations * val_fraction * 4e6 / 3  # scoring is three times as fast
    seconds = Machine().seconds({"steps": learned / window}, size, window)
    assert 110.5 < seconds < 113  # of the 115 that are left


def test_dropout_is_chosen_by_the_passes_and_slows_the_steps():
    given = {"minutes": 10, "hidden_size": 300, "val_fraction": 0.0}
    fast, slow = (made(given, machine=Machine(dropout=d)).options for d in (1.0, 0.5))
    assert fast["dropout"] == slow["dropout"] == best_dropout(300, 600 * 1e11 / (6 * 300 * (900 + V)) / 10**6) > 0.1
    assert slow["steps"] == pytest.approx(fast["steps"] / 2, rel=0.01)


def test_the_embedding_is_tied_where_the_text_is_read_a_few_times():
    throughput = Machine().speed(make_config(vocab_size=V, hidden_size=300, cell=PLANNED_CELL), None, None)
    for epochs, ties in ((MOST_EPOCHS_TIED - 0.01, True), (MOST_EPOCHS_TIED + 0.01, False)):
        given = {"minutes": epochs / throughput * 1e6 / 60, "hidden_size": 300, "val_fraction": 0.0}
        assert made(given).options.get("tie_embedding", False) == ties
        assert ("embedding tied" in made(given).reasons[2]) == ties
        assert "tie_embedding" not in made({**given, "tie_embedding": False}).options


@pytest.mark.parametrize("documents", ["", "line"])
def test_the_model_that_is_measured_is_the_one_that_is_trained(documents):
    measured = []

    def speed(config, settings, data):
        measured.append(config)
        return Machine().speed(config, settings, data)

    vocabulary = Vocabulary("ab" + END * bool(documents), documents=documents)
    options = make_plan({"minutes": 1}, TextOf(4 * 10**6, vocabulary), lambda: 0.0, speed).options
    assert {(config.vocab_size, config.end_symbol) for config in measured} == {(len(vocabulary), bool(documents))}
    chosen = {name: options[name] for name in ("cell", "hidden_size", "dropout", "tie_embedding")}
    assert measured[-1] == config_for(vocabulary, **chosen)
    assert options["tie_embedding"]


def test_steps_are_those_of_the_model_with_all_that_was_chosen():
    class Slow(Machine):
        def speed(self, config, settings, data):
            return super().speed(config, settings, data) / (10 if config.tie_embedding else 1)

    given = {"minutes": 0.5, "hidden_size": 300, "val_fraction": 0.0}
    fast, slow = (made(given, characters=4 * 10**6, machine=machine()).options for machine in (Machine, Slow))
    assert slow["tie_embedding"]
    assert slow["steps"] == pytest.approx(fast["steps"] / 10, rel=0.1)


def test_passes_are_those_over_the_part_to_train_on():
    class SmallPart(TextOf):
        def split(self, val_fraction):
            return (range(10**5), range(10**6 - 10**5)) if val_fraction else (range(10**6), range(0))

    given = {"minutes": 10, "hidden_size": 240}
    options = make_plan(given, SmallPart(10**6), lambda: 0.0, Machine().speed).options
    assert options["steps"] * 32 * 64 == pytest.approx(most_epochs(240, 10**5) * 10**5, rel=0.01)
    assert options["dropout"] == best_dropout(240, most_epochs(240, 10**5))


def several(members, **given):
    return make_plan(given, TextOf(10**6), lambda: 1.0, Machine(4e11).speed, members=members)


def test_several_networks_fill_the_time_after_one_stops_learning():
    one, chosen, longer = several(1, minutes=10), several(None, minutes=10), several(None, minutes=1000)
    assert one.limited_by_text
    assert one.members == 1
    assert 1 < chosen.members < longer.members == MOST_PLANNED_MEMBERS
    assert chosen.options == one.options
    assert f"{chosen.members} networks one after the other" in chosen.reasons[-1]
    assert several(None, minutes=0.1).members == 1
    assert several(None, minutes=10, val_fraction=0.0).members == 1


def test_networks_that_are_asked_for_share_the_time():
    third, three = several(1, minutes=0.1), several(3, minutes=0.3)
    assert three.members == 3
    assert three.options == third.options
    assert several(3).options["minutes"] == DEFAULT_MINUTES


def test_only_recurrent_networks_have_a_limit_of_passes():
    assert plan(minutes=10, characters=1000)["steps"] < 0.1 * plan(model="tdnn", minutes=10, characters=1000)["steps"]


def test_what_is_given_stays():
    given = {"minutes": 2, "cell": "lstm", "hidden_size": 77, "eval_every": 5, "val_fraction": 0.5}
    given |= {"weight_decay": 0.0, "dropout": 0.1, "embedding_size": 10}
    assert plan(**given, characters=10**9).keys() == {"steps"}
    assert "weight_decay" not in plan(optimizer="sgd")
    assert plan(model="tdnn", minutes=2).keys() == {"steps", "eval_every"}


def test_a_short_text_is_not_read_until_it_is_known_by_heart():
    options = plan(minutes=60, characters=20_000)
    assert options["steps"] == pytest.approx(most_epochs(options["hidden_size"], 18_000) * 9, abs=1)  # 8.8 windows
    whole = plan(minutes=60, characters=1001, hidden_size=30, seq_length=0, batch_size=10, val_fraction=0.0)
    assert whole["steps"] == pytest.approx(most_epochs(30, 1001), abs=1)
    assert whole["steps"] > LEAST_STEPS


def test_an_epoch_has_as_many_steps_as_training_takes():
    made_plan = made({"minutes": 60}, characters=525)
    assert made_plan.epochs == made_plan.options["steps"] / 2  # 7 streams of 67 characters: windows of 33 and 34
    assert f"{made_plan.epochs:.1f} times over the text" in made_plan.reasons[1]


def test_a_large_model_has_enough_steps_to_learn_a_short_text():
    assert plan(minutes=60, characters=20_000, hidden_size=512)["steps"] > 140
    assert plan(minutes=60, characters=4000, hidden_size=256)["steps"] == LEAST_STEPS


def test_without_any_limit_there_is_one():
    assert plan()["minutes"] == DEFAULT_MINUTES
    assert plan()["steps"] == plan(minutes=DEFAULT_MINUTES)["steps"]
    assert plan(minutes=0.0) == plan()


def test_a_run_that_nobody_limits_stops_where_it_gets_no_better():
    assert plan()["patience"] == PLANNED_PATIENCE
    assert "patience" not in plan(val_fraction=0.0)
    assert "patience" not in plan(minutes=3)


@pytest.mark.parametrize(
    ("gain", "minutes", "known", "precision"),
    [
        (1.5, 2, True, {"precision": "bf16"}),
        (1.1, 2, True, {}),
        (1.5, 0.5, True, {}),
        (1.5, 2, False, {}),
    ],
)
def test_bfloat16_is_chosen_where_it_is_faster(monkeypatch, gain, minutes, known, precision):
    monkeypatch.setattr("charrnn.training.plan.BFLOAT16", known)
    machine = Machine(bf16=gain)
    options = made({"minutes": minutes}, spent=1.0, machine=machine).options
    assert {name: value for name, value in options.items() if name == "precision"} == precision
    assert ("bf16" in machine.precisions) == (known and minutes > 1)


def reserved(characters, spent):
    given = {"minutes": 0.5, "hidden_size": 100}
    return made(given, characters=characters, spent=spent, machine=SteadyMachine(10_000)).reserved


def test_the_start_and_the_last_evaluation_are_part_of_the_time():
    assert reserved(10, spent=2.0) == pytest.approx(3.0, abs=0.01)  # a command starts in a second
    assert reserved(900_000, spent=2.0) == pytest.approx(3.0 + 3.0, abs=0.01)  # 90,000 characters at 30,000 a second


def test_compiling_leaves_half_of_the_time():
    assert reserved(10**6, spent=100.0) == 15.0
    assert plan(minutes=0.5, spent=100.0)["steps"] > 0.7 * plan(minutes=0.5, spent=15.0)["steps"]


def test_evaluations_take_a_small_part_of_the_time():
    given = {"minutes": 1, "hidden_size": 512}
    options = made(given, characters=10**8, spent=1.0, machine=SteadyMachine(10_000)).options
    scored_in = options["val_fraction"] * 10**8 / 30_000
    assert scored_in == pytest.approx(0.05 * 60)  # one evaluation takes at most 5 % of the minutes
    assert plan(minutes=60, hidden_size=512, characters=10**8)["val_fraction"] * 10**8 == pytest.approx(500_000)
    assert math.ceil(options["steps"] / options["eval_every"]) == 3  # each takes 5 % of the time
    options = plan(minutes=60, hidden_size=512, characters=10**5)
    assert 25 < options["steps"] / options["eval_every"] <= 30


@pytest.mark.parametrize(
    ("share", "evaluations"), [(0.005, 6), (0.01, 4), (0.037, 4), (0.038, 3), (0.074, 2), (0.2, 1)]
)
def test_some_evaluations_show_the_progress_where_they_take_at_most_15_percent(share, evaluations):
    throughput = Machine().speed(make_config(vocab_size=V, hidden_size=300, cell=PLANNED_CELL), None, None)
    validation = share * 60 * 3 * throughput  # a text is scored three times as fast as learned
    given = {"minutes": 1, "hidden_size": 300, "val_fraction": 0.5}
    options = made(given, characters=round(2 * validation)).options
    assert math.ceil(options["steps"] / options["eval_every"]) == evaluations


def test_the_reasons_tell_what_was_chosen():
    def reasons(characters, **given):
        return made({"minutes": 60, **given}, characters=characters).reasons

    assert "1 layer of 100:" in reasons(10**6, hidden_size=100)[0]
    short, long = reasons(10**4), reasons(10**8)
    assert "as the text is short" in short[0]
    assert "by heart" in short[1]
    assert "learns most in 60 minutes" in long[0]
    assert "by heart" not in long[1]
    assert "dropout 0.5" in reasons(10**4, dropout=0.5)[2]


def test_a_text_without_anything_to_learn_is_refused_as_ever():
    with pytest.raises(CorpusError):
        plan(characters=1)


def test_only_runs_of_minutes_are_planned():
    assert wants_plan({})
    assert wants_plan({"minutes": 1, "hidden_size": 3})
    assert not wants_plan({"steps": 3})
    assert not wants_plan({"minutes": 1, "epochs": 3.0})
    assert not wants_plan({"model": "ngram"})


@pytest.mark.parametrize("flops", [1e6, 3e6, 1e7])
def test_the_learning_rate_reaches_its_peak_in_a_short_run(flops):
    options = plan(minutes=0.05, flops=flops, hidden_size=64)
    assert options["steps"] < 500
    assert 0 <= options["warmup_steps"] <= options["steps"] / 10


def test_a_warm_up_that_is_given_or_fits_is_kept():
    assert "warmup_steps" not in plan(minutes=60)
    assert "warmup_steps" not in plan(minutes=0.05, flops=1e6, hidden_size=64, warmup_steps=50)


def test_a_cell_that_a_given_hyperparameter_is_of_is_kept():
    assert plan(forget_bias_low=0.0).get("cell", "lstm") == "lstm"
    assert plan()["cell"] == PLANNED_CELL != "lstm"
