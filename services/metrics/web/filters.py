"""Filters of the dispute list, read from and written to the query string. Unknown values are ignored."""

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urlencode

from services.metrics.domain import DAILY_FIGURES, SEALED_STATE
from services.metrics.queries import OVERDUE_CONDITIONS, SORT_COLUMNS, STATUS_CONDITIONS
from services.metrics.web.names import NAMES
from services.metrics.web.texts import LANGUAGES

PAGE_SIZE = 50
CODE_PATTERN = re.compile(r"\d{6}-\d{4}-\d{6}-\d")
UNKNOWN = "unknown"

# fmt: off
FILTER_VALUES = {             # valid values of each query parameter
    "township":   {*NAMES["township"], UNKNOWN},
    "kind":       {*NAMES["kind"], UNKNOWN},
    "state":      {*NAMES["state"]} - {SEALED_STATE},
    "next_actors":  {*NAMES["agency"]},
    "reporter":   {*NAMES["agency"]},
    "overdue":    {*OVERDUE_CONDITIONS},
    "status":     {*STATUS_CONDITIONS},
    "what":       {*DAILY_FIGURES},
}
# fmt: on


@dataclass(slots=True)
class Filters:
    """Filters, code search (`q`), sort order and page position (`after`) of one request for the dispute list."""

    values: dict[str, str] = field(default_factory=dict)
    q: str = ""
    sort: str = "due"
    after: tuple[str, str] | None = None

    @property
    def exact_code(self) -> str | None:
        """The search text if it is a complete dispute code, else None."""
        return self.q if CODE_PATTERN.fullmatch(self.q) else None

    def url(self, **changed) -> str:
        """Return the URL of the dispute list with some filters changed; None removes a filter. Without `after` it is the URL of the first page."""
        query = {**self.values, "q": self.q, "sort": self.sort if self.sort != "due" else "", **changed}
        encoded = urlencode({name: value for name, value in query.items() if value})
        return "/disputes" + (f"?{encoded}" if encoded else "")

    def query_values(self) -> dict:
        """Return the filters for `queries.find_disputes`: the search text becomes `serial` or `prefix`, and the value "unknown" becomes ''."""
        query = {name: "" if value == UNKNOWN else value for name, value in self.values.items()}
        if re.fullmatch(r"\d{1,6}", self.q):
            query |= {"serial": self.q.zfill(6)}
        elif self.q:
            query |= {"prefix": self.q}
        return query


def read_filters(query) -> Filters:
    """Return the filters of a query string. Malformed parameters are ignored, so that an outdated bookmark shows a list and not an error."""
    values = {name: query[name] for name, valid in FILTER_VALUES.items() if query.get(name) in valid}
    if query.get("soon"):
        values["soon"] = "1"
    if "what" in values:
        try:
            values["day"] = date.fromisoformat(query.get("day", "")).isoformat()
        except ValueError:
            del values["what"]
    q = re.sub(r"[^0-9-]", "", query.get("q", ""))[:20]
    sort = query["sort"] if query.get("sort") in SORT_COLUMNS else "due"
    if sort == "due" and values.get("status", "open") != "open":
        sort = "opened"  # closed disputes have no unmet deadline to sort by
    return Filters(values, q, sort, _parse_position(query.get("after", "")))


def request_language(request) -> str:
    """Return the language of the request: `zh` or `en` from the query string, else from the cookie, else `zh`."""
    for language in (request.query_params.get("lang"), request.cookies.get("lang")):
        if language in LANGUAGES:
            return language
    return "zh"


def format_position(position: tuple[str, str] | None) -> str | None:
    """Return a page position as the value of the query parameter `after`."""
    return "~".join(position) if position else None


def _parse_position(text: str):
    value, _, code = text.partition("~")
    if not CODE_PATTERN.fullmatch(code):
        return None
    if value != "infinity":
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return None
    return value, code
