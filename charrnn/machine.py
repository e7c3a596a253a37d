"""What of the machine this process may use: memory, and the processor's time.

Linux tells the limits of a container in files of control groups: of version 2 in one tree of folders, of version 1 in
one for each kind of limit. A group is also bound by the limits of all groups above it.
"""

import contextlib
import math
import os
from collections.abc import Iterator
from pathlib import Path

from charrnn.errors import ConfigError

FILE_SYSTEM = Path("/")

CONTROL_GROUPS = Path("sys/fs/cgroup")

GIGABYTE = 1e9


def memory_limit(root: Path = FILE_SYSTEM) -> float:
    """Bytes of memory that this process may use, with the swap space; infinite where nothing tells."""
    limits = [_address_space()]
    with contextlib.suppress(AttributeError, ValueError, OSError):  # systems that do not tell
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") + _swap(root))
    for (text,) in (*_limits(root, "", "memory.max"), *_limits(root, "memory", "memory.limit_in_bytes")):
        if text.isdecimal():
            limits.append(int(text) + _swap(root))
    return min(limits)


def processor_quota(root: Path = FILE_SYSTEM) -> float:
    """Processors whose time this process may use up, such as 1.5; infinite where there is no quota."""
    quotas = [tuple(text.split()) for (text,) in _limits(root, "", "cpu.max")]
    quotas += _limits(root, "cpu", "cpu.cfs_quota_us", "cpu.cfs_period_us")
    whole = [(int(quota), int(period)) for quota, period in quotas if quota.isdecimal() and period.isdecimal()]
    return min((quota / period for quota, period in whole if period), default=math.inf)


def require_memory(needed: float, what: str, advice: str) -> None:
    """See that there can be so much memory, before it is taken: Linux would end the process without a word.

    Raises:
        ConfigError: there cannot.
    """
    if needed > (limit := memory_limit()):
        raise ConfigError(f"{what} needs {_size(needed)} of memory, of {_size(limit)} that there are: {advice}")


def _size(count: float) -> str:
    """Bytes as people read them."""
    return f"{count / GIGABYTE:,.1f} GB" if count < 1e15 else f"{count / GIGABYTE:.0e} GB"


def _address_space() -> float:
    """Bytes that ``ulimit -v`` lets a process address."""
    try:
        import resource
    except ImportError:  # not there on Windows
        return math.inf
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if limit == resource.RLIM_INFINITY else limit


def _swap(root: Path) -> int:
    """Bytes of swap space; 0 where nothing tells."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("SwapTotal:"):
                return int(line.split()[1]) * 1024
    return 0


def _limits(root: Path, controller: str, *names: str) -> Iterator[tuple[str, ...]]:
    """What the files of these names hold, for each group that this process is in, and that has them all.

    Args:
        root: of all files.
        controller: of version 1, the kind of limit; "" for version 2.
        names: of a group's files.
    """
    for folder in _groups(root, controller):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            yield tuple((folder / name).read_text().strip() for name in names)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the groups that this process is in, each before those above it.

    In a container, the path that /proc tells may be that of the machine outside: the top folder is the container's.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except (OSError, UnicodeDecodeError):  # another system, or a file system that is hidden
        return
    top = root / CONTROL_GROUPS / controller
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            below = top / path.lstrip("/")
            yield from (folder for folder in (below, *below.parents) if folder.is_relative_to(top))
