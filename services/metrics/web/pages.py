"""What a coordinator sees: the overview, lists, one dispute, the definitions. Reads in threads; knows no SQL."""

import copy
import threading
from collections import OrderedDict
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import jinja2
import psycopg2.errors
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse

from contracts.states import STATES
from plumbing.pool import DatabaseUnavailable
from services.metrics import reading
from services.metrics.domain import FLOWS, SEALED_STATE
from services.metrics.web import asked, explanations, names, story, texts, vendor

HERE = Path(__file__).parent
INTEGRITY = vendor.integrity()
REREAD_SECONDS = 15  # "today" and "within 3 days" move without an event
OVERVIEWS = 64  # kept: one for each address and language
STATES_IN_ORDER = tuple(state for state in STATES if state != SEALED_STATE)
TREND = ("reported", "agreed", "terminated", "closed")

templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(HERE / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
)


async def overview(request):
    """The county, or one township, as it stands."""
    township = request.query_params.get("township")
    township = township if township in names.NAMES["township"] else None
    return await run_in_threadpool(request.app.state.overviews.answer, request, township)


async def disputes(request):
    """The disputes that the address asks for, a page at a time."""
    wanted = asked.read(request.query_params)
    if wanted.exact:
        return RedirectResponse(_keeping(request, f"/disputes/{wanted.exact}"), 303)
    found = await run_in_threadpool(_find, request.app.state.pool, wanted)
    following = asked.position(found.following)
    return _page(request, "disputes.html", found.change, found.as_of, found=found, asked=wanted, filters=_choices(), following=following, at="disputes")


async def dispute(request):
    """One dispute: where it is, who must act, its deadlines and its timeline across agencies."""
    code = request.path_params["code"]
    known = await run_in_threadpool(_dispute, request.app.state.pool, code)
    if known is None:
        return problem(request, 404, "not_found", code=code[:20])
    line, deadlines, timeline, change, as_of = known
    shown = {"line": line, "deadlines": deadlines, "story": story.tell(timeline), "cut": len(timeline) >= reading.TIMELINE_UP_TO}
    return _page(request, "dispute.html", change, as_of, at="disputes", **shown)


async def definitions(request):
    """What each figure means."""
    return _page(request, "definitions.html", None, None, at="definitions", states=STATES_IN_ORDER)


async def law(request):
    """The articles that set the periods, with their sentences, sources and validity."""
    return _page(request, "law.html", None, None, at="law", **explanations.law_sections())


def problem(request, status: int, what: str, **facts):
    """A page that says what is the matter, and what to do."""
    headers = {"Refresh": "5"} if what == "away" else {}
    return _page(request, "problem.html", None, None, status=status, headers=headers, what=what, facts=facts, at="")


async def on_error(request, error):
    """Whatever a page could not do, in words."""
    if isinstance(error, DatabaseUnavailable):
        return problem(request, 503, "away")
    if isinstance(error, psycopg2.errors.QueryCanceled):
        return problem(request, 503, "slow")
    return problem(request, 404, "no_page")


class Overviews:
    """The overview as last shown, for as long as nothing has changed: a hundred open pages cost one reading and one drawing."""

    def __init__(self, pool):
        self.pool = pool
        self._kept: OrderedDict = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, request, township):
        with self.pool.transaction() as tx:
            change, _ = reading.last_change(tx)
            key = (str(request.url), asked.language(request), change, int(tx.now.timestamp() // REREAD_SECONDS))
            if key in self._kept:
                return _again(self._kept[key])
            page = reading.overview(tx, township)
        template = "empty.html" if page.is_empty else "overview.html"
        shown = {"page": page, "township": township, "states": STATES_IN_ORDER, "flows": FLOWS, "trend": TREND}
        answer = _page(request, template, page.change, page.as_of, at="overview", **shown)
        with self._lock:
            self._kept[key] = answer
            while len(self._kept) > OVERVIEWS:
                self._kept.popitem(last=False)
        return _again(answer)


def _again(answer):
    """The same answer with headers of its own: compressing changes them in place."""
    again = copy.copy(answer)
    again.raw_headers = list(answer.raw_headers)
    return again


def _find(pool, wanted):
    with pool.transaction() as tx:
        return reading.find(tx, wanted.conditions(), wanted.sort, wanted.after, asked.PAGE_SIZE)


def _dispute(pool, code):
    with pool.transaction() as tx:
        return reading.dispute(tx, code)


def _choices():
    """The filters that the list offers, with the table that names their values."""
    return {
        "township": ("township", sorted(asked.FILTERS["township"])),
        "kind": ("kind", list(names.NAMES["kind"])),
        "state": ("state", STATES_IN_ORDER),
        "next_actors": ("agency", list(names.NAMES["agency"])),
        "reporter": ("agency", list(names.NAMES["agency"])),
    }


def _keeping(request, path: str, **query) -> str:
    """A link within the dashboard; the wall and a language named in the address stay."""
    kept = {name: request.query_params[name] for name in ("lang", "wall") if request.query_params.get(name)}
    address, _, already = path.partition("?")
    query = "&".join(part for part in (already, urlencode({**kept, **query})) if part)
    return address + (f"?{query}" if query else "")


def _page(request, template, change, as_of, status=200, headers=None, **shown):
    language, now = asked.language(request), datetime.now(UTC)
    other = "en" if language == "zh" else "zh"
    here = dict(request.query_params)
    is_wall = here.get("wall") == "1"

    def elsewhere(**changed):
        query = urlencode({name: value for name, value in {**here, **changed}.items() if value})
        return request.url.path + (f"?{query}" if query else "")

    words = {
        "lang": language,
        "t": lambda key, **facts: texts.text(language, key, **facts),
        "name": lambda table, token: names.name(language, table, token),
        "names": lambda table, tokens: ("、" if language == "zh" else ", ").join(names.name(language, table, token) for token in tokens),
        "word": lambda table, token: names.word(language, table, token),
        "article": lambda cited: names.article(language, cited),
        "article_links": explanations.article_links,
        "state_explanation": explanations.state_explanation,
        "in_language": lambda pair: pair[texts.LANGUAGES.index(language)],
        "remaining": lambda due: names.remaining(language, due, now),
        "when": names.clock_time,
        "link": lambda path, **query: _keeping(request, path, **query),
        "listed": lambda **query: _keeping(request, "/disputes?" + urlencode({name: value for name, value in query.items() if value})),
        "moment": datetime.fromisoformat,
    }
    body = templates.get_template(template).render(
        **words,
        **shown,
        now=now,
        integrity=INTEGRITY,
        here=elsewhere(),
        change=change,
        as_of=names.as_of(as_of, now),
        is_wall=is_wall,
        is_demo=request.app.state.is_demo,
        other_language=elsewhere(lang=other),
        wall=elsewhere(wall=None if is_wall else "1"),
    )
    response = HTMLResponse(body, status, {"Cache-Control": "no-store", **(headers or {})})
    if request.query_params.get("lang") in texts.LANGUAGES:
        response.set_cookie("lang", language, max_age=31536000, samesite="lax", httponly=True, path="/")
    return response
