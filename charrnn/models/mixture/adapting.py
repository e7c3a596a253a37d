"""A mixture whose members learn from the text it reads."""

from typing import Any

from charrnn.layers.state import State
from charrnn.models.mixture.network import Mixture
from charrnn.text.corpus import Ids
from charrnn.training.dynamic import SEGMENT, Adapting


class AdaptingMixture:
    """Copies of a mixture's networks that learn, beside its other members; see ``Adapting``."""

    def __init__(self, mixture: Mixture, learning_rate: float) -> None:
        self._learners: list[Adapting | None] = [
            member.config.kind.adapting(member, learning_rate) if hasattr(member, "parameters") else None
            for member in mixture.members
        ]
        members = [
            learner.network if learner else member
            for learner, member in zip(self._learners, mixture.members, strict=True)
        ]
        self.network: Any = Mixture(mixture.config, members, mixture.gate, mixture.workers)
        self._buffers = [member.buffers(SEGMENT, 1) for member in members]

    def learn(self, x: Ids, y: Ids, state: State) -> None:
        """Let the networks learn from a segment; see ``Adapting``."""
        states = self.network.states_of(state)
        for learner, member, own, buffers in zip(
            self._learners, self.network.members, states, self._buffers, strict=True
        ):
            if learner:
                learner.learn(x, y, own)
            else:
                member.run(x, own, buffers)
