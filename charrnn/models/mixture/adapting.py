"""A mixture that learns from the text it reads: its networks by gradient steps, and counts of that text."""

from typing import Any

from charrnn.layers.state import State
from charrnn.models.mixture.cache import Cache
from charrnn.models.mixture.config import MixtureConfig
from charrnn.models.mixture.network import Mixture
from charrnn.scoring.defaults import Adaptation
from charrnn.text.corpus import Ids
from charrnn.training.dynamic import Adapting


class AdaptingMixture:
    """Copies of a mixture's networks that learn, beside its other members and a cache; see ``Adapting``."""

    def __init__(self, mixture: Mixture, adaptation: Adaptation) -> None:
        self.adaptation = adaptation
        self._learners: list[Adapting | None] = [
            member.config.kind.adapting(member, adaptation) if hasattr(member, "parameters") else None
            for member in mixture.members
        ]
        pairs = zip(self._learners, mixture.members, strict=True)
        members = [learner.network if learner else member for learner, member in pairs]
        config, gate = mixture.config, mixture.gate
        self._cache: Cache | None = None
        if mixture.cache_gate is not None:
            self._cache, gate = Cache(config.vocab_size, mixture.workers), mixture.cache_gate
            config = MixtureConfig.of((*config.members, self._cache.config))
            self._learners.append(None)
            members.append(self._cache.model)
        self.network: Any = Mixture(config, members, gate, mixture.workers)
        self._buffers = [member.buffers(adaptation.segment, 1) for member in members]

    def learn(self, x: Ids, y: Ids, state: State) -> None:
        """Learn from a segment; see ``Adapting``."""
        members, states = self.network.members, self.network.states_of(state)
        for place, learner in enumerate(self._learners):
            if learner:
                learner.learn(x, y, states[place])
            else:
                members[place].run(x, states[place], self._buffers[place])
        if self._cache and self._cache.read(x[:, 0]):
            members[-1] = self._cache.model

    def settle(self) -> None:
        """Count what was read since the last count; see ``Adapting``."""
        if self._cache:
            self._cache.count()
            self.network.members[-1] = self._cache.model
