from pathlib import Path

from launched import launch, with_mpi


@with_mpi
def test_parts_of_distributed_training_in_three_processes(tmp_path):
    code, out, err = launch(3, Path(__file__).with_name("parts.py"), tmp_path)
    assert (code, err) == (0, "")
    assert sorted(out.splitlines()) == [f"process {rank} is done" for rank in range(3)]
