import errno

import pytest

from charrnn.errors import RunError
from charrnn.storage.lock import LOCK_FILE, FolderLock, is_locked

fcntl = pytest.importorskip("fcntl")


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK, errno.EOPNOTSUPP])
@pytest.mark.filterwarnings("error")
def test_where_there_are_no_locks_a_run_goes_on_without(monkeypatch, tmp_path, number):
    def refused(*_):
        raise OSError(number, "no locks")

    monkeypatch.setattr(fcntl, "flock", refused)
    lock = FolderLock(tmp_path)
    assert not lock.keeps_others_out
    lock.check()
    assert not is_locked(tmp_path)
    lock.release()
    assert [path.name for path in tmp_path.iterdir()] == [LOCK_FILE]  # nothing that a killed process would leave
    monkeypatch.undo()
    assert FolderLock(tmp_path).keeps_others_out


def test_other_errors_are_told(monkeypatch, tmp_path):
    def refused(*_):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(fcntl, "flock", refused)
    with pytest.raises(RunError, match=r"cannot write .*: Input/output error"):
        FolderLock(tmp_path)
