"""How time is counted in this county, read from its files: official holiday arrangements, and the county's own rules."""

import json
from datetime import timedelta
from pathlib import Path

from structlog import get_logger

from plumbing.logs import describe
from services.mediation.clocks.county import County, county, unique
from services.mediation.clocks.mistakes import MakesNoSense
from services.mediation.holidays import CHINA, Holidays, arrangements
from services.mediation.routing_desk import Desk
from services.mediation.timing import Counting

log = get_logger()


class Office:
    """The two files as they stand. A wrong one keeps a process from starting; one that becomes wrong later changes nothing, and is said."""

    def __init__(self, calendar: str | None = None, rules: str | None = None, patience_seconds: float = 600.0, routing_rules: str | None = None):
        self._calendar, self._rules = (Path(name) if name else None for name in (calendar, rules))
        self._patience = timedelta(seconds=patience_seconds)
        self._stamps = self._stamped()
        self.counting = self._read()
        self.desk = Desk(routing_rules)
        self.recounted = False  # whether what was provisional has been looked at since they were read

    def look(self) -> None:
        """Reads the files again if they are others than before."""
        self.desk.look()
        stamps = self._stamped()
        if stamps == self._stamps:
            return
        self._stamps = stamps
        try:
            self.counting = self._read()
        except (MakesNoSense, OSError, ValueError) as wrong:
            log.error(
                "A file of rules is invalid.",
                path="; ".join(getattr(wrong, "__notes__", [])),
                reason=_reason(wrong),
                consequence="Deadlines are computed by the last valid files.",
                next="Correct the file: it is read again when it changes.",
            )
        else:
            self.recounted = False

    def _read(self) -> Counting:
        holidays = Holidays(_parsed(self._calendar, arrangements)) if self._calendar else CHINA
        return Counting(holidays, _parsed(self._rules, county) if self._rules else County(), self._patience)

    def _stamped(self):
        return [path and path.exists() and path.stat().st_mtime_ns for path in (self._calendar, self._rules)]


def _parsed(path: Path, parse):
    """What `parse` makes of a JSON file. An exception carries the file's path as a note: for the log, or for the traceback at a failed start."""
    try:
        return parse(json.loads(path.read_text("utf-8-sig"), object_pairs_hook=unique))
    except (MakesNoSense, OSError, ValueError) as wrong:
        wrong.add_note(str(path))
        raise


def _reason(wrong: Exception) -> str:
    """Why a file is invalid, without its contents: the sentences of MakesNoSense name clocks of our own table only."""
    if isinstance(wrong, MakesNoSense):
        return str(wrong)
    if isinstance(wrong, json.JSONDecodeError):
        return f"JSONDecodeError: line {wrong.lineno}, column {wrong.colno}"
    return describe(wrong)
