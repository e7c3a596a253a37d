import pytest

from charrnn.cells.contract import find_cell
from charrnn.errors import ConfigError
from charrnn.hyperparameters import check_hyperparameters, defaults_of, options_in
from charrnn.kinds.config import make_config
from charrnn.models.language.parameters import LanguageParameters
from charrnn.optimizers.contract import find_optimizer
from charrnn.registry import names_in
from charrnn.training.options import ALL_OPTIONS, MODEL_OPTIONS
from charrnn.training.run_options import RUN_OPTIONS
from charrnn.training.settings import TRAINING_OPTIONS, settings_of


def test_what_is_declared_is_what_the_compiled_rule_reads():
    for name in names_in("optimizers"):
        assert list(find_optimizer(name).hyperparameters) == list(defaults_of("optimizers", name))


@pytest.mark.parametrize("name", names_in("cells"))
def test_a_cell_starts_the_same_from_its_defaults_given_and_not(name):
    vectors = {}
    for given in ({}, defaults_of("cells", name)):
        parameters = LanguageParameters(make_config(5, cell=name, hidden_size=7, **given)).initialise(3)
        vectors[len(given)] = parameters.vector.tobytes()
    assert len(set(vectors.values())) == 1
    assert len(vectors) == (2 if defaults_of("cells", name) else 1)
    assert callable(find_cell(name).initial_bias)


def test_options_of_several_parts_show_the_default_of_each():
    option = options_in("optimizers", "Training")["epsilon"]
    assert option.shown_default == "1e-08 (adagrad, adam, rmsprop)"
    assert (option.flag, option.kind, option.default, option.above) == ("epsilon", float, None, 0)


def test_the_help_shows_the_learning_rate_of_each_optimizer():
    rates = {name: find_optimizer(name).learning_rate for name in names_in("optimizers")}
    shown = TRAINING_OPTIONS["learning_rate"].shown_default
    assert shown == "; ".join(f"{rate:g} ({name})" for name, rate in rates.items())


def test_no_two_options_have_one_name():
    assert len(ALL_OPTIONS) == len(RUN_OPTIONS) + len(MODEL_OPTIONS) + len(TRAINING_OPTIONS)
    assert len({option.flag for option in ALL_OPTIONS.values()}) == len(ALL_OPTIONS)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"beta1": 1.0}, "beta1 must be at least 0 and below 1, not 1.0"),
        ({"momentum": 0.5}, "optimizer adam has no momentum: leave it out"),
    ],
)
def test_what_an_optimizer_does_not_take_is_refused(given, message):
    with pytest.raises(ConfigError) as caught:
        check_hyperparameters("optimizers", "optimizer", "adam", given)
    assert str(caught.value) == message


def test_settings_and_configs_hold_what_is_given_and_no_more():
    assert settings_of({"beta2": 0.999, "epsilon": None}).to_dict()["beta2"] == 0.999
    assert "epsilon" not in settings_of({"beta2": 0.999, "epsilon": None}).to_dict()
    config = make_config(5, cell="leaky", slowest_rate=0.1)
    assert config.to_dict()["slowest_rate"] == 0.1
    assert make_config(**config.to_dict()) == config
    with pytest.raises(ConfigError, match="cell gru has no slowest_rate: leave it out"):
        make_config(5, cell="gru", slowest_rate=0.1)
    with pytest.raises(ConfigError, match="model ngram has no slowest_rate: leave it out"):
        make_config(5, model="ngram", slowest_rate=0.1)
