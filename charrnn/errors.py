"""Every error that charrnn raises on purpose.

    CharrnnError
    ├── ConfigError       a setting is out of range, unknown, or contradicts another
    ├── CorpusError       a text cannot be found, read, decoded or used
    ├── VocabularyError   a character that the model has never seen
    ├── CheckpointError   a file is not a checkpoint of ours, is damaged, or is of another format
    ├── RunError          a run is missing, exists already, or its folder cannot be written
    └── TrainingError     training cannot go on, for example because the loss is no longer finite

A message is one line that says what was wanted, what was got, and what to do. The command line prints it as it is
and exits with 1.
"""


class CharrnnError(Exception):
    """The parent of all errors that charrnn raises on purpose."""


class ConfigError(CharrnnError):
    """A setting is out of range, unknown, or contradicts another."""


class CorpusError(CharrnnError):
    """A text cannot be found, read, decoded or used."""


class VocabularyError(CharrnnError):
    """A character that the model has never seen."""


class CheckpointError(CharrnnError):
    """A file is not a checkpoint of ours, is damaged, or is of another format."""


class RunError(CharrnnError):
    """A run is missing, exists already, or its folder cannot be written."""


class TrainingError(CharrnnError):
    """Training cannot go on."""
