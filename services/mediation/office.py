"""How time is counted in this county, read from its files: official holiday arrangements, and the county's own rules."""

import json
import logging
from datetime import timedelta
from pathlib import Path

from services.mediation.clocks.county import County, county
from services.mediation.clocks.mistakes import MakesNoSense
from services.mediation.holidays import CHINA, Holidays, arrangements
from services.mediation.routing_desk import Desk
from services.mediation.timing import Counting

log = logging.getLogger(__name__)


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
                "A file of rules makes no sense: deadlines are counted as before. Mend the file.", extra={"reason": getattr(wrong, "en", type(wrong).__name__)}
            )
        else:
            self.recounted = False

    def _read(self) -> Counting:
        holidays = Holidays(arrangements(_json(self._calendar))) if self._calendar else CHINA
        return Counting(holidays, county(_json(self._rules)) if self._rules else County(), self._patience)

    def _stamped(self):
        return [path and path.exists() and path.stat().st_mtime_ns for path in (self._calendar, self._rules)]


def _json(path: Path) -> object:
    return json.loads(path.read_text("utf-8-sig"))
