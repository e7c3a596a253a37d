"""The command line, and the only home of click, tqdm and printing.

A command is a file here that has its name and defines ``command``; to add one, add a file. What only that command uses
lies beside it, in a folder of its name; what commands share lies in ``shared``. NumPy, Numba, tqdm and safetensors are
imported inside functions, so that ``--help`` answers at once.
"""

import gc
import io
import os
import sys

from charrnn.cli.shared.signals import signals


def main() -> None:
    """Run the command that the arguments name; the console script ``charrnn``."""
    signals.install()
    # A caller may have closed them.
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: PTH123, SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
    gc.set_threshold(100_000)  # imports make many objects and no garbage: looking for it takes a tenth of the start
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a character that the locale lacks is no reason to fail
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="surrogateescape")  # nor is a byte that is none of a character
    from charrnn.cli.shared.group import group

    try:
        group(prog_name="charrnn")
    except SystemExit as ended:
        sys.stderr.flush()
        # Python would first let go of our handlers, and then take a signal for one that kills.
        os._exit(ended.code if isinstance(ended.code, int) else 1)
