"""The tensors of a mixture's members, by prefixed names."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from charrnn.errors import CheckpointError
from charrnn.kernels.arrays import Array
from charrnn.workers import Workers


def prefix_of(place: int) -> str:
    """The prefix of the names of a member's tensors."""
    return f"member{place}."


def tensors_of(config: Any, tensors: Mapping[str, Array]) -> Iterator[Mapping[str, Array]]:
    """The tensors of each member, by its own names."""
    for place, member in enumerate(config.members):
        prefix = prefix_of(place)
        own = {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
        yield member.kind.expand(own)


def loaded_members(config: Any, tensors: Mapping[str, Array], workers: Workers) -> list[Any]:
    """Build the members from a mixture's tensors."""
    own = zip(config.members, tensors_of(config, tensors), strict=True)
    return [member.kind.load(member, arrays, workers) for member, arrays in own]


def prefixed_tensors(members: Sequence[Any]) -> dict[str, Array]:
    """The tensors of all members under prefixed names, in few bytes."""
    return {
        prefix_of(place) + name: tensor
        for place, member in enumerate(members)
        for name, tensor in member.config.kind.compact(member.to_tensors()).items()
    }


def check_members(config: Any, tensors: Mapping[str, Array]) -> None:
    """Check that the tensors of all members fit their configs.

    Raises:
        CheckpointError: there is no member, or a tensor is missing or does not fit.
    """
    if not config.members:
        raise CheckpointError("the checkpoint is a mixture without members: use another checkpoint")
    for member, own in zip(config.members, tensors_of(config, tensors), strict=True):
        member.kind.check_fit(member, own)
