"""Reduce the batch and the window to fit a short text."""

from dataclasses import replace

from charrnn.errors import ConfigError
from charrnn.text.windows import fit
from charrnn.training.settings import TrainingSettings

LONGEST_UNROLLED = 1 << 18
"""Longest text for ``seq_length`` 0, as backpropagation through the whole text keeps all activations in memory."""


def fit_settings(settings: TrainingSettings, characters: int) -> tuple[TrainingSettings, tuple[str, ...]]:
    """Reduce batch and window to what the text can fill; returns the settings, and a note if they changed.

    Raises:
        ConfigError: ``seq_length`` is 0, but the text is too long to unroll.
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
    changes = []
    if streams != settings.batch_size:
        changes.append(f"{streams} stream{'s' if streams > 1 else ''} instead of {settings.batch_size}")
    if length != settings.seq_length:
        changes.append(f"windows of {length} instead of {settings.seq_length}")
    note = f"few characters: {', '.join(changes)}"
    update_every = min(settings.update_every, length)
    return replace(settings, batch_size=streams, seq_length=length, update_every=update_every), (note,)
