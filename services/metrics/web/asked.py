"""What a page's address asks for. Every filter lives in the address; what is not on a closed list is left out."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urlencode

from services.metrics.domain import FLOWS, SEALED_STATE
from services.metrics.reading import OVERDUE, SORTS, STATUS
from services.metrics.web.names import NAMES
from services.metrics.web.texts import LANGUAGES

PAGE_SIZE = 50
CODE = re.compile(r"\d{6}-\d{4}-\d{6}-\d")
UNKNOWN = "unknown"

# fmt: off
FILTERS = {                   # name in the address: the values that it may have
    "township":   {*NAMES["township"], UNKNOWN},
    "kind":       {*NAMES["kind"], UNKNOWN},
    "state":      {*NAMES["state"]} - {SEALED_STATE},
    "next_actors":  {*NAMES["agency"]},
    "reporter":   {*NAMES["agency"]},
    "overdue":    {*OVERDUE},
    "status":     {*STATUS},
    "what":       {*FLOWS},
}
# fmt: on


@dataclass(slots=True)
class Asked:
    filters: dict[str, str] = field(default_factory=dict)
    q: str = ""
    sort: str = "due"
    after: tuple[str, str] | None = None

    @property
    def exact(self) -> str | None:
        """The code, if one was typed in full."""
        return self.q if CODE.fullmatch(self.q) else None

    def address(self, **changed) -> str:
        """The list's address with some filters changed; None takes one away. A change of filters begins at the first page."""
        asked = {**self.filters, "q": self.q, "sort": self.sort if self.sort != "due" else "", **changed}
        query = urlencode({name: value for name, value in asked.items() if value})
        return "/disputes" + (f"?{query}" if query else "")

    def conditions(self) -> dict:
        """The filters by the names that the reading side knows."""
        asked = {name: "" if value == UNKNOWN else value for name, value in self.filters.items()}
        if re.fullmatch(r"\d{1,6}", self.q):
            asked |= {"serial": self.q.zfill(6)}
        elif self.q:
            asked |= {"prefix": self.q}
        return asked


def read(query) -> Asked:
    """Reads a query string. Anything malformed is passed over: an old bookmark shows a list, not an error."""
    filters = {name: query[name] for name, values in FILTERS.items() if query.get(name) in values}
    if query.get("soon"):
        filters["soon"] = "1"
    if "what" in filters:
        try:
            filters["day"] = date.fromisoformat(query.get("day", "")).isoformat()
        except ValueError:
            del filters["what"]
    q = re.sub(r"[^0-9-]", "", query.get("q", ""))[:20]
    sort = query["sort"] if query.get("sort") in SORTS else "due"
    if sort == "due" and filters.get("status", "open") != "open":
        sort = "opened"  # nothing runs out for what is closed
    return Asked(filters, q, sort, _position(query.get("after", "")))


def language(request) -> str:
    """Chinese first; English if the address or the cookie says so."""
    for wanted in (request.query_params.get("lang"), request.cookies.get("lang")):
        if wanted in LANGUAGES:
            return wanted
    return "zh"


def position(following: tuple[str, str] | None) -> str | None:
    return "~".join(following) if following else None


def _position(said: str):
    value, _, code = said.partition("~")
    if not CODE.fullmatch(code):
        return None
    if value != "infinity":
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return None
    return value, code
