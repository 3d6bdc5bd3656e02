"""Data types of a simulated dispute: its steps, and placeholders for codes that are not known in advance."""

from dataclasses import dataclass
from datetime import datetime

from contracts import safeguard

APPLIED, REJECTED, REFUSED = "receipt.applied", "receipt.rejected", "receipt.refused"
FIRST, SECOND = "first", "second"  # a second report of a dispute may get a code of its own


@dataclass(frozen=True, slots=True)
class CodePlaceholder:
    """Placeholder for the code that intake will have assigned to a report when the step is sent."""

    report: str = FIRST


@dataclass(frozen=True, slots=True)
class Step:
    """One event that an agency reports. `expected` is its last receipt: a few steps are deliberate mistakes of an agency.

    `report`: the report (FIRST or SECOND) whose code the step's receipts contain.
    `without_waiting`: the same agency sends it directly after the step before, without waiting for a receipt, so that mediation does not
    pass a deadline between the two when an old history is sent.
    """

    id: str
    agency: str
    type: str
    data: dict
    time: datetime
    subject: str | CodePlaceholder = CodePlaceholder()
    expected: str = APPLIED
    report: str = FIRST
    without_waiting: bool = False

    @property
    def is_safeguarded(self) -> bool:
        """Whether the step belongs to the safeguard lane. It is sent alone: the order of events on two streams is not defined."""
        return self.type in safeguard.STEPS or bool(safeguard.danger_flags(self.data))

    @property
    def waits_for_outcome(self) -> bool:
        """Whether the dispute's next step waits for this one's outcome, not only its first receipt: before the outcome a code may belong to another dispute."""
        return self.is_safeguarded or self.type in ("reports.joined", "reports.unjoined")


@dataclass(frozen=True, slots=True)
class DisputeHistory:
    """A simulated dispute from the first report to the archive. Its steps may be in the past or in the future."""

    number: int
    township: str
    kind: str
    body: str
    steps: tuple[Step, ...]
    decisions: tuple[tuple[str, str | bool], ...] = ()  # (branch or choice of `probabilities`, random result)

    def steps_until(self, now: datetime) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.time <= now)

    @property
    def is_confidential(self) -> bool:
        """Whether somebody in the dispute is in danger, so that it is never printed. Ordinary stays are not confidential."""
        return any(step.is_safeguarded and step.type not in ("dispute.stayed", "stay.lifted") for step in self.steps)
