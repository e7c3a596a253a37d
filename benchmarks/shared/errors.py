"""What ends a benchmark with one line."""


class BenchmarkError(Exception):
    """A benchmark cannot be run as asked, or a result is wrong."""
