"""The command line, and the only home of click, tqdm and printing.

Each command is a file or folder here, named after the command, that defines ``command``. To add a command, add a file.
Code that several commands share lies in ``shared``. NumPy, Numba, tqdm and safetensors are imported inside functions,
so that ``--help`` answers at once.
"""

import gc
import io
import os
import sys

from charrnn.cli.shared.signals import signals


def main() -> None:
    """Run the command that the arguments name; the console script ``charrnn``."""
    signals.install()
    # The parent process may have closed these streams.
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: PTH123, SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
    gc.set_threshold(100_000)  # imports leave no garbage, and searching for it takes a tenth of the start
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding=_encoding(sys.stdout), errors="backslashreplace")  # it may lack a character
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding=_encoding(sys.stdin), errors="surrogateescape")  # it may fail to decode a byte
    from charrnn.cli.shared.group import group

    try:
        group(prog_name="charrnn")
    except SystemExit as ended:
        sys.stderr.flush()
        if "mpi4py.MPI" in sys.modules:  # MPI tells mpirun that the process ends
            raise
        # Python removes our handlers while it exits, after which a signal would kill the process.
        os._exit(ended.code if isinstance(ended.code, int) else 1)


def _encoding(stream: io.TextIOWrapper) -> str:
    """The encoding of a terminal, or UTF-8 for files and pipes, whatever code page or locale the system has."""
    return stream.encoding if stream.isatty() else "utf-8"
