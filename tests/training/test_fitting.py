import pytest

from charrnn.errors import ConfigError
from charrnn.training.fitting import fit_settings
from charrnn.training.settings import TrainingSettings


def test_whole_streams_are_unrolled_where_the_window_is_nothing():
    fitted, notes = fit_settings(TrainingSettings(seq_length=0, batch_size=2, update_every=3), 81)
    assert (fitted.seq_length, fitted.batch_size, fitted.update_every, notes) == (40, 2, 3, ())
    with pytest.raises(ConfigError, match="unrolls the whole text, at most 262,144 characters, not 300,000"):
        fit_settings(TrainingSettings(seq_length=0), 300_000)


def test_a_note_names_what_a_short_text_has_changed():
    def notes(characters):
        return fit_settings(TrainingSettings(batch_size=32, seq_length=64), characters)[1]

    assert notes(32 * 64 + 1) == ()
    assert notes(525) == ("few characters: 8 streams instead of 32",)
    assert notes(41) == ("few characters: 1 stream instead of 32, windows of 40 instead of 64",)
