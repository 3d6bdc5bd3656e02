"""Filters of the dispute list, read from and written to the query string. Values that are not known are ignored and named on the page."""

from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urlencode

from services.metrics.domain import DAILY_FIGURES, SEALED_STATE
from services.metrics.queries import OVERDUE_CONDITIONS, SORT_COLUMNS, STATUS_CONDITIONS
from services.metrics.web.names import NAMES
from services.metrics.web.search import CODE_PATTERN, Search, read_search
from services.metrics.web.texts import LANGUAGES

PAGE_SIZE = 50
UNKNOWN = "unknown"
MAX_SHOWN_LENGTH = 40  # of a value that is not known, the page shows at most this many characters

# fmt: off
FILTER_VALUES = {             # valid values of each query parameter
    "township":   {*NAMES["township"], UNKNOWN},
    "kind":       {*NAMES["kind"], UNKNOWN},
    "state":      {*NAMES["state"]} - {SEALED_STATE},
    "next_actors":  {*NAMES["agency"]},
    "reporter":   {*NAMES["agency"]},
    "overdue":    {*OVERDUE_CONDITIONS},
    "follow_up":  {"not_settled"},
    "status":     {*STATUS_CONDITIONS},
    "what":       {*DAILY_FIGURES} - {"refused"},      # the list of refused steps is a page of its own
}
# fmt: on


@dataclass(slots=True)
class Filters:
    """Filters, code search, sort order and page position (`after`) of one request for the dispute list.

    `ignored` names the parameters whose values are not known, as (name of the parameter, value).
    """

    values: dict[str, str] = field(default_factory=dict)
    search: Search = field(default_factory=Search)
    sort: str = "due"
    after: tuple[str, str] | None = None
    ignored: list[tuple[str, str]] = field(default_factory=list)

    @property
    def searches_all(self) -> bool:
        """Whether a code is searched. It is looked for in all disputes, whatever filters are set."""
        return bool(self.search.serial or self.search.prefix)

    def url(self, **changed) -> str:
        """Return the URL of the dispute list with some filters changed; None removes a filter. Without `after` it is the URL of the first page."""
        query = {**self.values, "q": self.search.text, "sort": self.sort if self.sort != "due" else "", **changed}
        encoded = urlencode({name: value for name, value in query.items() if value})
        return "/disputes" + (f"?{encoded}" if encoded else "")

    def query_values(self) -> dict:
        """Return the filters for `queries.find_disputes`. The value "unknown" becomes ''. A searched code replaces all other filters."""
        if self.search.serial:
            return {"status": "all", "serial": self.search.serial}
        if self.search.prefix:
            return {"status": "all", "prefix": self.search.prefix}
        return {name: "" if value == UNKNOWN else value for name, value in self.values.items()}


def read_filters(query) -> Filters:
    """Return the filters of a query string. Malformed parameters do not lead to an error, so that an outdated bookmark shows a list."""
    values = {name: query[name] for name, valid in FILTER_VALUES.items() if query.get(name) in valid}
    ignored = [(name, query[name]) for name, valid in FILTER_VALUES.items() if query.get(name) and name not in values]
    if query.get("soon"):
        values["soon"] = "1"
    if "what" in values:
        day = _parse_day(query.get("day", ""))
        if day:
            values["day"] = day
        else:
            del values["what"]
            ignored.append(("day", query.get("day", "")))
    search = read_search(query.get("q", ""))
    sort = query["sort"] if query.get("sort") in SORT_COLUMNS else "due"
    if query.get("sort") and query["sort"] != sort:
        ignored.append(("sort", query["sort"]))
    if sort == "due" and (values.get("status", "open") != "open" or search.serial or search.prefix):
        sort = "opened"  # closed disputes have no unmet deadline to sort by
    after = _parse_position(query.get("after", ""))
    return Filters(values, search, sort, after, [(name, value[:MAX_SHOWN_LENGTH]) for name, value in ignored])


def request_language(request) -> str:
    """Return the language of the request: `zh` or `en` from the query string, else from the cookie, else `zh`."""
    for language in (request.query_params.get("lang"), request.cookies.get("lang")):
        if language in LANGUAGES:
            return language
    return "zh"


def read_refusal_filters(query) -> tuple[str | None, str | None, tuple[str, str, int] | None]:
    """Return day, township ('' for disputes of an unknown township) and page position of a request for the list of refused steps.

    The day is None if it is missing or malformed.
    """
    township = query.get("township") if query.get("township") in FILTER_VALUES["township"] else None
    position, _, sequence = query.get("after", "").rpartition("~")
    parsed = _parse_position(position)
    after = (*parsed, int(sequence)) if parsed and sequence.isdecimal() and len(sequence) < 10 else None
    return _parse_day(query.get("day", "")), "" if township == UNKNOWN else township, after


def format_position(position: tuple[str, ...] | None) -> str | None:
    """Return a page position as the value of the query parameter `after`."""
    return "~".join(position) if position else None


def _parse_day(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


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
