"""Limits of this process: memory, processor time, and cores of different speed.

Linux lists a container's limits in the files of its control groups: version 2 in one tree of folders, version 1 in one
tree for each kind of limit. The limits of all groups above a group also apply to it.
"""

import contextlib
import math
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from charrnn.errors import ConfigError
from charrnn.system import performance_cores

FILE_SYSTEM = Path("/")

CONTROL_GROUPS = Path("sys/fs/cgroup")

CORES = Path("sys/devices/system/cpu")

GIGABYTE = 1e9


def memory_limit(root: Path = FILE_SYSTEM) -> float:
    """Bytes of memory that this process may use, including swap space; infinite if unknown."""
    limits = [_address_space()]
    with contextlib.suppress(AttributeError, ValueError, OSError):  # unknown on some systems
        limits.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") + _swap(root))
    for (text,) in (*_limits(root, "", "memory.max"), *_limits(root, "memory", "memory.limit_in_bytes")):
        if text.isdecimal():
            limits.append(int(text) + _swap(root))
    return min(limits)


def processor_quota(root: Path = FILE_SYSTEM) -> float:
    """Processor time that this process may use, in cores, such as 1.5; infinite without a quota."""
    quotas = [tuple(text.split()) for (text,) in _limits(root, "", "cpu.max")]
    quotas += _limits(root, "cpu", "cpu.cfs_quota_us", "cpu.cfs_period_us")
    whole = [(int(quota), int(period)) for quota, period in quotas if quota.isdecimal() and period.isdecimal()]
    return min((quota / period for quota, period in whole if period), default=math.inf)


def even_cores(cores: Collection[int] | None = None, root: Path = FILE_SYSTEM) -> float:
    """Number of cores among which equal shares of work are done soonest; infinite where all cores are alike or unknown.

    Equal shares are done when the slowest core is done, so n cores do n times what their slowest does. Slow cores are
    left out if fewer, faster ones do more. Linux tells the cores' speeds; macOS only which cores are the fast ones.

    Args:
        cores: numbers of the cores that this process may use; None for all.
        root: root of the file system.
    """
    speeds = []
    with contextlib.suppress(OSError, ValueError):
        for file in (root / CORES).glob("cpu[0-9]*/cpu_capacity"):
            if cores is None or int(file.parent.name.removeprefix("cpu")) in cores:
                speeds.append(int(file.read_text()))
    speeds.sort(reverse=True)
    counts = range(1, len(speeds) + 1)
    return max(counts, key=lambda count: count * speeds[count - 1], default=performance_cores() or math.inf)


def require_memory(needed: float, what: str, advice: str) -> None:
    """Check the memory limit before allocation, as Linux would kill the process without a message.

    Raises:
        ConfigError: more than the available memory is needed.
    """
    if needed > (limit := memory_limit()):
        raise ConfigError(f"{what} needs {_size(needed)} of memory, more than the {_size(limit)} available: {advice}")


def _size(count: float) -> str:
    """Format a number of bytes as gigabytes."""
    return f"{count / GIGABYTE:,.1f} GB" if count < 1e15 else f"{count / GIGABYTE:.0e} GB"


def _address_space() -> float:
    """Bytes that ``ulimit -v`` lets a process address."""
    try:
        import resource
    except ImportError:  # Windows
        return math.inf
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    return math.inf if limit == resource.RLIM_INFINITY else limit


def _swap(root: Path) -> int:
    """Bytes of swap space; 0 if unknown."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        for line in (root / "proc/meminfo").read_text().splitlines():
            if line.startswith("SwapTotal:"):
                return int(line.split()[1]) * 1024
    return 0


def _limits(root: Path, controller: str, *names: str) -> Iterator[tuple[str, ...]]:
    """The contents of the files ``names``, for each group of this process that has all of them.

    Args:
        root: root of the file system.
        controller: kind of limit for version 1; "" for version 2.
        names: names of files in a group's folder.
    """
    for folder in _groups(root, controller):
        with contextlib.suppress(OSError, UnicodeDecodeError):
            yield tuple((folder / name).read_text().strip() for name in names)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the groups of this process, each before those above it.

    In a container, /proc may give the path outside the container; then only the top folder applies.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except (OSError, UnicodeDecodeError):  # not Linux, or /proc is hidden
        return
    top = root / CONTROL_GROUPS / controller
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            below = top / path.lstrip("/")
            yield from (folder for folder in (below, *below.parents) if folder.is_relative_to(top))
