"""The sealed lane at the door: what goes into it, and who may know that a dispute is in it. Pure.

Two things stay as they always are: what somebody outside reports goes the ordinary way and is answered there, and everybody's first
receipt has its usual shape. Only what those inside report, and what opens a hold, takes the other way. docs/safeguard.md says why.
"""

from contracts import safeguard
from contracts.channels import SEALED
from contracts.safeguard import in_danger, is_inside
from services.intake.model import Seal

STREAM = SEALED["intake"]


def may_know(seal: Seal | None, agency: str) -> bool:
    """Whether a code may be found at all by this agency. For everybody else it is as unknown as one that was never given."""
    return seal is None or not seal.reported_in_lane or is_inside(agency) or agency in seal.reporters


def opens(word: str, facts: dict) -> str | None:
    """Whether an event opens a `hold` or a `stay`."""
    return "hold" if in_danger(facts) else safeguard.opened_by(word)


def opened_by(type: str, data: dict) -> str | None:
    """The same of an event that was said in the sealed voice."""
    return "hold" if type == "risk.flagged" else safeguard.opened_by(data.get("step"))


def goes_sealed(seal: Seal | None, agency: str, word: str) -> bool:
    """Whether the step itself is passed on in the sealed voice."""
    return word in safeguard.STEPS or (seal is not None and (seal.reported_in_lane or is_inside(agency)))


def sealed(seal: Seal | None, agency: str, word: str, facts: dict, registers: bool) -> tuple[bool, Seal | None]:
    """What an event makes of the seal: whether it is passed on sealed, and the seal afterwards. Asked in the order in which events are decided."""
    which = opens(word, facts)
    if which is None:
        return goes_sealed(seal, agency, word), seal
    seal = with_hold(seal, which, reported_in_lane=registers)
    if registers:
        seal.reporters.add(agency)
    return goes_sealed(seal, agency, word), seal


def with_hold(seal: Seal | None, which: str, reported_in_lane: bool = False) -> Seal:
    """The seal, with a `hold` or a `stay`."""
    seal = seal or Seal(reported_in_lane=reported_in_lane)
    seal.holds.add(which)
    return seal


def streams(is_sealed: bool, registers: bool, dangers: tuple[str, ...], fact: tuple[str, dict]) -> list[tuple[str | None, str, dict]]:
    """What is said, and in which voice (None: the ordinary one): the fact, and beside it, sealed, that it carried a flag."""
    type, told = fact
    if registers and dangers:
        return [(STREAM, type, {**told, "dangers": dangers})]
    said = [(STREAM if is_sealed else None, type, told)]
    if dangers:
        said.append((STREAM, "risk.flagged", {"event": told["event"], "agency": told["agency"], "dangers": dangers, "happened_at": told["happened_at"]}))
    return said
