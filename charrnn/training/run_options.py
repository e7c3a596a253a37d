"""The options of a run that belong neither to the model nor to training: its name, its folder, how its text is read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from charrnn.arguments import MOST_THREADS
from charrnn.errors import ConfigError
from charrnn.options import check_options_of, declare, options_of
from charrnn.text.sources import ENCODING, check_encoding

CHECKPOINTS = Path("checkpoints")

MOST_MEMBERS = 16
"""Most networks of a run."""

of_data = partial(declare, group="Data")
of_saving = partial(declare, group="Saving")


@dataclass(frozen=True)
class RunOptions:
    """The options of a run that are not in a checkpoint's settings; None means the default that the help shows.

    Raises:
        ConfigError: a value is out of range, or two options do not fit together.
    """

    encoding: str | None = of_data(None, "Encoding of the text.", shown_default=ENCODING)
    as_bytes: bool = of_data(False, "Train on bytes instead of characters.", flag="bytes")
    documents: str | None = of_data(
        None,
        "Learn many short texts and where each ends. They are lines, files, or what lies between two SEPARATORs, "
        "which may hold \\n and \\t.",
        shown_default="one long text",
        metavar="line|file|SEPARATOR",
    )
    min_count: int | None = of_data(
        None,
        "Replace characters that occur fewer than N times by similar ones (é by e), or else by a space.",
        shown_default="keep all",
        metavar="N",
        least=0,
    )
    name: str | None = of_saving(None, "Name of the run.", shown_default="the first text's name")
    checkpoints: Path = of_saving(CHECKPOINTS, "Folder that holds the runs.", metavar="FOLDER")  # noqa: RUF009
    init_from: str | None = of_saving(
        None,
        "Start from the weights and the model's options of another run; characters that are new to it are added.",
        metavar="RUN|FILE",
    )
    resume: bool = of_saving(False, "Continue the run --name, else the run named after CORPUS, else the newest run.")
    overwrite: bool = of_saving(False, "Replace a run of the same name.")
    save_every: int | None = of_saving(
        None, "Updates between two checkpoints.", shown_default="about once a minute", least=0, resumed="freely"
    )
    keep: int | None = of_saving(
        None, "Number of earlier checkpoints to keep.", shown_default="0", least=0, resumed="freely"
    )
    plan: bool = declare(
        True,
        "If --minutes limits the run, choose the options that are not given, for this machine's speed and the text.",
        "Length of the run",
        negatable=True,
    )
    counts: bool | None = declare(
        None,
        "Let counts of the text join the network at the end, for scores and answers, if they gain enough.",
        "Length of the run",
        shown_default="for a run limited by --minutes",
        negatable=True,
        resumed="freely",
    )
    members: int | None = declare(
        None,
        "Train N networks one after the other, which share the time, and mix those that gain enough.",
        "Length of the run",
        shown_default="1; with a plan, as many as fit if one stops learning before its time is over",
        metavar="N",
        least=1,
        most=MOST_MEMBERS,
        resumed="freely",
    )
    preview: bool = declare(True, "Show a short sample after each evaluation.", "Output", negatable=True)
    threads: int | None = declare(
        None,
        "Number of threads.",
        "Training",
        shown_default="all cores",
        metavar="N",
        least=1,
        most=MOST_THREADS,
        resumed="freely",
    )

    def __post_init__(self) -> None:
        check_options_of(self, RUN_OPTIONS)
        if self.encoding is not None and not self.as_bytes:
            check_encoding(self.encoding)
        if self.documents == "":  # perhaps an unset shell variable
            raise ConfigError("documents must be line, file or what separates them, not '': leave it out")
        if self.as_bytes and self.min_count:
            raise ConfigError("min_count is for characters, not for bytes: leave it out")
        if self.resume and self.overwrite:
            raise ConfigError("a run is either resumed or overwritten: give --resume or --overwrite, not both")
        if self.resume and self.init_from is not None:
            raise ConfigError("a resumed run goes on from its own weights: give --resume or --init-from, not both")


RUN_OPTIONS = options_of(RunOptions)
