"""Settings that a short text can fill."""

from dataclasses import replace

from charrnn.errors import ConfigError
from charrnn.text.windows import fit
from charrnn.training.settings import TrainingSettings

LONGEST_UNROLLED = 1 << 18
"""Characters through all of which gradients can be asked to flow: what is kept for the way back takes memory."""


def fit_settings(settings: TrainingSettings, characters: int) -> tuple[TrainingSettings, tuple[str, ...]]:
    """Settings whose batch and window the text can fill, and a note where they had to shrink.

    Raises:
        ConfigError: whole streams should be unrolled, but the text is too long for that.
    """
    if not settings.seq_length:
        if characters > LONGEST_UNROLLED:
            raise ConfigError(
                f"seq_length 0 unrolls the whole text, at most {LONGEST_UNROLLED:,} characters, not {characters:,}: "
                "give the steps through which gradients flow back"
            )
        length = max(1, settings.update_every, (characters - 1) // settings.batch_size)
        settings = replace(settings, seq_length=length)
    streams, length = fit(characters, settings.batch_size, settings.seq_length)
    if (streams, length) == (settings.batch_size, settings.seq_length):
        return settings, ()
    note = (
        f"{characters:,} characters are few: {streams} stream{'s' if streams > 1 else ''} with windows of {length} "
        f"instead of {settings.batch_size} and {settings.seq_length}"
    )
    update_every = min(settings.update_every, length)
    return replace(settings, batch_size=streams, seq_length=length, update_every=update_every), (note,)
