"""A disk that fails: the functions of ``os`` by which files are changed, of which the n-th call goes wrong."""

import contextlib
import errno
import os
from pathlib import Path

MODULES = ("storage.atomic", "storage.replacement", "system")
"""The modules whose ``os`` it takes the place of."""

CHANGES = ("open", "write", "fsync", "ftruncate", "replace", "link", "unlink", "rmdir")


class Killed(BaseException):
    """Ends a process in a test, which nothing survives."""


class FaultyOs:
    """``os``, but of the calls that change files number ``at`` fails; so do all later ones, if ``for_good``.

    A write that fails has written half of its data, as on a disk that is full. Nothing waits for a real disk.

    Args:
        at: the call that fails; 0 for none.
        for_good: whether all later ones fail, too.
        killed: whether the process ends there: ``Killed`` is raised, then and ever after.

    Attributes:
        failed: whether any call did.
        calls: the names of all, each with the paths that it was given or that its descriptor is of.
    """

    def __init__(self, at=0, *, for_good=False, killed=False):
        self._at, self._for_good, self._killed = at, for_good or killed, killed
        self.calls, self._opened = [], {}
        self.failed = False

    def __getattr__(self, name):
        real = getattr(os, name)
        if name not in CHANGES:
            return real

        def call(*arguments, **keywords):
            paths = [self._opened.get(value, value) for value in arguments if isinstance(value, int | os.PathLike)]
            self.calls.append((name, *(path for path in paths if isinstance(path, os.PathLike))))
            number = len(self.calls)
            if number == self._at or (self._for_good and number > self._at > 0):
                self.failed = True
                if name == "write":
                    descriptor, data = arguments
                    os.write(descriptor, data[: len(data) // 2])
                if self._killed:
                    raise Killed
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if name == "fsync":
                return None
            result = real(*arguments, **keywords)
            if name == "open":
                self._opened[result] = arguments[0]
            return result

        return call

    def install(self, patch):
        """Take the place of ``os`` wherever files are changed; ``patch`` is pytest's monkeypatch."""
        for module in MODULES:
            patch.setattr(f"charrnn.{module}.os", self)


class Windows:
    """Windows' refusal to replace or remove a file that some process has open or mapped, here for this process's files.

    It compares files, not names: what is mapped under one name is in use under each.
    """

    def __init__(self):
        self.refused = []
        """Paths that were refused."""

    def install(self, patch):
        """Take the place of Linux; ``patch`` is pytest's monkeypatch."""
        patch.setattr("charrnn.system.WINDOWS", True)
        patch.setattr("charrnn.system.PAUSES", ())
        patch.setattr("os.O_TEMPORARY", os.O_CLOEXEC, raising=False)  # some flag that changes nothing
        for name in ("replace", "rename", "unlink", "remove"):
            patch.setattr(f"os.{name}", self._guarded(getattr(os, name)))

    def _guarded(self, change):
        def call(*paths, **keywords):
            path = Path(paths[-1])  # what vanishes comes last
            if path.is_file() and path.stat().st_ino in self._in_use():
                self.refused.append(str(path))
                error = PermissionError(errno.EACCES, "The process cannot access the file", str(path))
                error.winerror = 32
                raise error
            return change(*paths, **keywords)

        return call

    @staticmethod
    def _in_use():
        """Numbers of the files that are open or mapped."""
        used = {int(line.split()[4]) for line in Path("/proc/self/maps").read_text().splitlines()}
        for descriptor in Path("/proc/self/fd").iterdir():
            with contextlib.suppress(OSError):  # the one that lists them
                used.add(descriptor.stat().st_ino)
        return used
