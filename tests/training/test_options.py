import pytest

from charrnn.errors import ConfigError
from charrnn.training.options import check_value


@pytest.mark.parametrize(
    ("option", "value"),
    [("order", 5), ("context_size", 4), ("dropout", 0.5), ("model", "tdnn"), ("update_every", 900)],
)
def test_a_value_that_some_run_can_have_is_fit(option, value):
    check_value(option, value)


@pytest.mark.parametrize(
    ("option", "value"), [("order", 21), ("hidden_size", 0), ("model", "cnn"), ("update_every", -1), ("hidden_sise", 8)]
)
def test_a_value_that_no_run_can_have_is_refused(option, value):
    with pytest.raises(ConfigError, match=option):
        check_value(option, value)
