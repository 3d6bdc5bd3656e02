"""Tracks of a dispute (A: before filing; B: after registration by a court; legacy: referred by a court before filing, until 2024) and the dates on which they are open."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Track:
    """One track. It is open for claims that a court received from `valid_from` to `valid_to`, both inclusive; None: no limit."""

    code: str
    valid_from: date | None
    valid_to: date | None
    in_court: bool  # whether a court has received the claim
    article: str


# fmt: off
# Since 2025-01-01 courts register a claim before they refer it, so track B replaces the legacy track.
TRACKS = (
    #     code      from                to                    in court   article
    Track("A",      None,               None,                 False,     "人民调解法 3"),
    # Courts register the claim first (先立案) and refer only registered cases.
    Track("B",      date(2025, 1, 1),   None,                 True,      "特邀调解规定 1; 立案与调解意见 3"),
    # 诉前调 (mediation before filing): the court refers a claim that is not registered yet. Only imported old disputes use this track.
    Track("legacy", None,               date(2024, 12, 31),   True,      "特邀调解规定 1; 在线调解规则 24"),
)
# fmt: on

TRACK_BY_CODE = {track.code: track for track in TRACKS}


def is_track_open(code: str, day: date) -> bool:
    """Return whether the track with this code is open for a claim that a court received on `day`."""
    track = TRACK_BY_CODE[code]
    return (track.valid_from or day) <= day <= (track.valid_to or day)


def is_awaiting_filing_decision(dispute) -> bool:
    """Return whether a court has received a complaint (track B) and has neither registered nor refused it (民事诉讼法 126)."""
    return dispute.track == "B" and dispute.docket is None


def track_of_claim(received_on: date | None) -> str:
    """Return the code of the track for a claim that a court received on `received_on`; None: no court has received the claim."""
    if received_on is None:
        return next(track.code for track in TRACKS if not track.in_court)
    return next(track.code for track in TRACKS if track.in_court and is_track_open(track.code, received_on))
