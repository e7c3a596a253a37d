import pytest

from charrnn.errors import ConfigError
from charrnn.training.fitting import fit_settings
from charrnn.training.settings import TrainingSettings


def test_whole_streams_are_unrolled_where_the_window_is_nothing():
    fitted, notes = fit_settings(TrainingSettings(seq_length=0, batch_size=2, update_every=3), 81)
    assert (fitted.seq_length, fitted.batch_size, fitted.update_every, notes) == (40, 2, 3, ())
    with pytest.raises(ConfigError, match="unrolls the whole text, at most 262,144 characters, not 300,000"):
        fit_settings(TrainingSettings(seq_length=0), 300_000)
