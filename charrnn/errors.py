"""All errors that charrnn raises on purpose.

    CharrnnError
    ├── ConfigError       a setting is out of range, unknown, or contradicts another
    ├── CorpusError       a text cannot be found, read, decoded or used
    ├── VocabularyError   a text or a vocabulary holds a wrong character
    ├── CheckpointError   a file is not a checkpoint of charrnn, is damaged, or is of another format
    ├── RunError          a run is missing, exists already, or its folder cannot be written
    └── TrainingError     training cannot go on, for example because the loss is no longer finite

A message is one line, ``X must be WANTED, not GOT: ADVICE`` or ``WHAT IS WRONG: WHY; ADVICE``. The first form may
lack ADVICE, the second WHY. The command line prints the message unchanged and exits with 1.
"""


class CharrnnError(Exception):
    """Base class of all errors that charrnn raises on purpose."""


class ConfigError(CharrnnError):
    """A setting is out of range, unknown, or contradicts another."""


class CorpusError(CharrnnError):
    """A text cannot be found, read, decoded or used."""


class VocabularyError(CharrnnError):
    """A text or a vocabulary holds a wrong character."""


class CheckpointError(CharrnnError):
    """A file is not a checkpoint of charrnn, is damaged, or is of another format."""


class RunError(CharrnnError):
    """A run is missing, exists already, or its folder cannot be written."""


class TrainingError(CharrnnError):
    """Training cannot go on, for example because the loss is no longer finite."""
