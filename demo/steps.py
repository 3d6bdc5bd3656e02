"""What a life is made of: who says what, when, and whose code goes where. Names and shapes, nothing else."""

from dataclasses import dataclass
from datetime import datetime

from contracts import safeguard

APPLIED, REJECTED, REFUSED = "receipt.applied", "receipt.rejected", "receipt.refused"
FIRST, TWIN = "first", "twin"  # a second report of a dispute may have a code of its own


@dataclass(frozen=True, slots=True)
class Code:
    """Stands where a code goes that the hub will have given by then."""

    of: str = FIRST


@dataclass(frozen=True, slots=True)
class Step:
    """What one agency says. `of`: whose code the receipts of it tell. `expected`: its last receipt; a few are mistakes, and meant to be.

    `at_once`: in one breath with the step before, by the same agency: before time itself says it, where a history is told late.
    """

    id: str
    agency: str
    type: str
    data: dict
    time: datetime
    subject: str | Code = Code()
    expected: str = APPLIED
    of: str = FIRST
    at_once: bool = False

    @property
    def is_quiet(self) -> bool:
        """Said in the safeguard lane. It goes alone: the two voices are heard apart, and which of two steps is heard first would be luck."""
        return self.type in safeguard.STEPS or bool(safeguard.in_danger(self.data))

    @property
    def waits_for_outcome(self) -> bool:
        """Whether the next step of the dispute waits for the outcome, not for the first receipt: until then a code may stand for another dispute."""
        return self.is_quiet or self.type in ("reports.joined", "reports.unjoined")


@dataclass(frozen=True, slots=True)
class Life:
    """A dispute from the first report to the archive, with what has happened by now and what is still to come."""

    number: int
    township: str
    kind: str
    body: str
    steps: tuple[Step, ...]
    rolled: tuple[tuple[str, str | bool], ...] = ()  # (row of the table of ways, how the dice fell)

    def until(self, now: datetime) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.time <= now)

    @property
    def is_quiet(self) -> bool:
        """Whether somebody is in danger in it: then no line on a screen names it. A stay has ordinary reasons, and is no secret of anybody's life."""
        return any(step.is_quiet and step.type not in ("dispute.stayed", "stay.lifted") for step in self.steps)
