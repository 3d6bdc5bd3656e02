"""Data types of a simulated dispute's history: steps, and placeholders for dispute codes that intake will assign."""

from dataclasses import dataclass
from datetime import datetime

from contracts import safeguard

APPLIED, REJECTED, REFUSED = "receipt.applied", "receipt.rejected", "receipt.refused"
FIRST_REPORT, SECOND_REPORT = "first", "second"  # the two reports of a dispute; the second report may get another code than the first


@dataclass(frozen=True, slots=True)
class CodePlaceholder:
    """Placeholder for the dispute code of a report (FIRST_REPORT or SECOND_REPORT), which is replaced by the code when the step is sent."""

    report: str = FIRST_REPORT


@dataclass(frozen=True, slots=True)
class Step:
    """One event that an agency reports.

    `subject`: dispute code or report number. `expected`: type of the expected outcome receipt; a few steps are deliberate mistakes of an agency.
    `report`: the report (FIRST_REPORT or SECOND_REPORT) whose code the step's receipts contain.
    `without_waiting`: whether the step is sent directly after the same agency's previous step, without waiting for a receipt. Otherwise, when an old
    history is sent, a deadline could pass in the mediation service between the two steps.
    """

    id: str
    agency: str
    type: str
    data: dict
    time: datetime
    subject: str | CodePlaceholder = CodePlaceholder()
    expected: str = APPLIED
    report: str = FIRST_REPORT
    without_waiting: bool = False

    @property
    def is_safeguarded(self) -> bool:
        """Whether the step belongs to the safeguard lane. Such a step is sent alone, because the order of events on two streams is not defined."""
        return self.type in safeguard.STEP_NAMES or bool(safeguard.danger_flags(self.data))

    @property
    def waits_for_outcome(self) -> bool:
        """Whether the dispute's next step waits for the outcome receipt of this step; otherwise it waits for the first receipt only.

        Until a join or the undoing of a join has its outcome, it is not certain to which dispute a code belongs.
        """
        return self.is_safeguarded or self.type in ("reports.joined", "reports.unjoined")


@dataclass(frozen=True, slots=True)
class DisputeHistory:
    """All steps of a simulated dispute, from the first report to archiving. Some steps may lie in the future.

    Changes of one organisation's roster are also a history, with number 0 and without township, kind and body.
    """

    number: int
    township: str
    kind: str
    body: str
    steps: tuple[Step, ...]
    decisions: tuple[tuple[str, str | bool], ...] = ()  # random decisions, each as (branch or choice in `probabilities`, result)

    def steps_until(self, now: datetime) -> tuple[Step, ...]:
        return tuple(step for step in self.steps if step.time <= now)

    @property
    def is_confidential(self) -> bool:
        """Whether a person in the dispute is in danger, so that nothing about it may be printed. A dispute with ordinary stays only is not confidential."""
        return any(step.is_safeguarded and step.type not in ("dispute.stayed", "stay.lifted") for step in self.steps)
