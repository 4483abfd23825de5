"""Earlier evaluations: implements ``inputs.Memory`` with the user's cache."""

from pathlib import Path

from dynbuild.project.cache import store
from dynbuild.project.cache.facts import FileObservations
from dynbuild.values import dataclass


@dataclass(frozen=True, slots=True)
class EvaluationCache:
    """The evaluations of one project; ``facts`` holds what the current one has seen."""

    directory: str | None
    root: Path
    facts: FileObservations

    def recall(self, question: tuple[object, ...]) -> object:
        """Return the answer, if known and everything it depends on is unchanged."""
        entry = store.recall(self.directory, (str(self.root), question))
        if entry is None:
            return None
        self.facts.take(entry[0])
        return entry[1]

    def remember(self, question: tuple[object, ...], answer: object) -> None:
        facts = self.facts.listed()
        store.remember(self.directory, (str(self.root), question), facts, answer)
