"""The tracks of a dispute and when each of them is open. The switch of 2025-01-01 is a row here, nowhere an `if`."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Track:
    code: str
    valid_from: date | None  # by the day on which a court received the claim; None: without end
    valid_to: date | None
    in_court: bool  # whether a court has the claim
    article: str


# fmt: off
TRACKS = (
    #     code      from                to                    in court   article
    Track("A",      None,               None,                 False,     "人民调解法 3"),
    # Courts register first (先立案): what they send out is a registered case.
    Track("B",      date(2025, 1, 1),   None,                 True,      "特邀调解规定 1; 立案与调解意见 3"),
    # 诉前调: a claim on the court's docket before filing. Only history that is imported has it.
    Track("legacy", None,               date(2024, 12, 31),   True,      "特邀调解规定 1; 在线调解规则 24"),
)
# fmt: on

BY_CODE = {track.code: track for track in TRACKS}


def is_open(code: str, day: date) -> bool:
    """Whether a claim that a court received on that day may be on this track."""
    track = BY_CODE[code]
    return (track.valid_from or day) <= day <= (track.valid_to or day)


def track_of(received_on: date | None) -> str:
    """The track of a dispute whose claim a court received on that day; None: no court has it."""
    if received_on is None:
        return next(track.code for track in TRACKS if not track.in_court)
    return next(track.code for track in TRACKS if track.in_court and is_open(track.code, received_on))
