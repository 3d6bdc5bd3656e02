"""Tracks of a dispute (before filing, after registration, legacy docket) and their dates. The regime switch of 2025-01-01 is a row of this table."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Track:
    """One track; `valid_from` and `valid_to` are compared with the day on which a court received the claim. None: no limit."""

    code: str
    valid_from: date | None
    valid_to: date | None
    in_court: bool  # whether a court has received the claim
    article: str


# fmt: off
TRACKS = (
    #     code      from                to                    in court   article
    Track("A",      None,               None,                 False,     "人民调解法 3"),
    # Courts register the claim first (先立案): they send out registered cases only.
    Track("B",      date(2025, 1, 1),   None,                 True,      "特邀调解规定 1; 立案与调解意见 3"),
    # 诉前调: a claim on the court's docket before filing. Only imported history uses this track.
    Track("legacy", None,               date(2024, 12, 31),   True,      "特邀调解规定 1; 在线调解规则 24"),
)
# fmt: on

BY_CODE = {track.code: track for track in TRACKS}


def is_open(code: str, day: date) -> bool:
    """Return whether a claim that a court received on `day` may be on this track."""
    track = BY_CODE[code]
    return (track.valid_from or day) <= day <= (track.valid_to or day)


def track_of(received_on: date | None) -> str:
    """Return the code of the track for a claim that a court received on that day; None means that no court has received it."""
    if received_on is None:
        return next(track.code for track in TRACKS if not track.in_court)
    return next(track.code for track in TRACKS if track.in_court and is_open(track.code, received_on))
