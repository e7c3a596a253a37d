import math

import pytest

from charrnn.errors import ConfigError
from charrnn.machine import even_cores, memory_limit, processor_quota, require_memory

GB = 10**9


@pytest.fixture
def machine(tmp_path):
    """A machine's files below a folder, from their texts by path."""

    def make(files):
        for path, text in files.items():
            file = tmp_path / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text + "\n")
        return tmp_path

    return make


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({}, math.inf),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "max 100000"}, math.inf),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "150000 100000"}, 1.5),
        (
            {
                "proc/self/cgroup": "0::/user/job",
                "sys/fs/cgroup/user/job/cpu.max": "400000 100000",
                "sys/fs/cgroup/user/cpu.max": "200000 100000",  # a group above has less
                "sys/fs/cgroup/cpu.max": "max 100000",
            },
            2.0,
        ),
        (
            {  # version 1 in a container, where the path is that of the machine outside
                "proc/self/cgroup": "5:memory:/docker/1a2b\n2:cpu,cpuacct:/docker/1a2b\n1:name=systemd:/docker/1a2b",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            },
            0.5,
        ),
        (
            {
                "proc/self/cgroup": "2:cpu:/",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            },
            math.inf,
        ),
        ({"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "broken 1"}, math.inf),
        ({"proc/self/cgroup": "0::/../..", "sys/fs/cgroup/cpu.max": "300000 100000"}, 3.0),
    ],
)
def test_the_quota_of_the_processor_is_the_least_of_all_groups(machine, files, quota):
    assert processor_quota(machine(files)) == quota


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        (
            {
                "proc/self/cgroup": "0::/a/b",
                "sys/fs/cgroup/a/b/memory.max": "max",
                "sys/fs/cgroup/a/memory.max": "1000",
            },
            1000,
        ),
        ({"proc/self/cgroup": "4:memory:/x", "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "2000"}, 2000),
        (
            {
                "proc/self/cgroup": "0::/",
                "sys/fs/cgroup/memory.max": "3000",
                "proc/meminfo": "MemTotal: 9 kB\nSwapTotal:       2 kB",
            },
            3000 + 2048,
        ),
    ],
)
def test_the_memory_of_a_group_bounds_what_may_be_used(machine, files, limit):
    assert memory_limit(machine(files)) == limit


def test_without_groups_the_memory_is_the_machines(tmp_path):
    assert memory_limit(tmp_path) > 10**8


def test_what_cannot_be_there_is_refused_in_one_line():
    with pytest.raises(ConfigError, match=r"^an elephant needs 1e\+21 GB of memory, more than the .* GB"):
        require_memory(1e30, "an elephant", "take a mouse")
    require_memory(1000, "a mouse", "")


@pytest.mark.parametrize(
    ("speeds", "allowed", "count"),
    [
        ([], None, math.inf),
        ([1024] * 4, None, 4),
        ([1024] * 4 + [414] * 4, None, 4),  # an RK3588
        ([414] * 4 + [1024] * 4, {0, 1, 2, 3, 4}, 5),
        ([1024] * 2 + [800] * 6, None, 8),
        ([1024, 300, 300], {1, 2}, 2),
    ],
)
def test_slow_cores_are_left_out_if_they_would_hold_up_the_others(machine, speeds, allowed, count):
    files = {f"sys/devices/system/cpu/cpu{number}/cpu_capacity": str(speed) for number, speed in enumerate(speeds)}
    assert even_cores(allowed, machine(files)) == count


def test_of_macos_only_the_fast_cores_count(machine, monkeypatch):
    monkeypatch.setattr("charrnn.machine.performance_cores", lambda: 4)
    assert even_cores(None, machine({})) == 4
