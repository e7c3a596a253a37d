"""A disk that fails: the functions of ``os`` by which files are changed, of which the n-th call goes wrong."""

import errno
import os

CHANGES = ("open", "write", "fsync", "ftruncate", "replace", "link", "unlink")


class FaultyOs:
    """``os``, but of the calls that change files number ``at`` fails; so do all later ones, if ``for_good``.

    A write that fails has written half of its data, as on a disk that is full. Nothing waits for a real disk.

    Attributes:
        failed: whether any call did.
    """

    def __init__(self, at=0, *, for_good=False):
        self._at, self._for_good = at, for_good
        self._calls = 0
        self.failed = False

    def __getattr__(self, name):
        real = getattr(os, name)
        if name not in CHANGES:
            return real

        def call(*arguments, **keywords):
            self._calls += 1
            if self._calls == self._at or (self._for_good and self._calls > self._at > 0):
                self.failed = True
                if name == "write":
                    descriptor, data = arguments
                    os.write(descriptor, data[: len(data) // 2])
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return None if name == "fsync" else real(*arguments, **keywords)

        return call
