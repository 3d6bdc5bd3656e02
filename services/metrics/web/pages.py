"""HTML pages of the dashboard: overview, dispute list, one dispute, refused steps, agencies, definitions, law. Database queries run in threads; the SQL is in queries.py."""

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

from contracts.county import AGENCIES
from contracts.states import STATES
from plumbing.pool import DatabaseUnavailable
from services.metrics import queries
from services.metrics.domain import DAILY_FIGURES, SEALED_STATE
from services.metrics.web import explanations, fact_texts, filters, names, texts, vendor
from services.metrics.web.deadline_texts import describe_end, is_awaited
from services.metrics.web.timeline import build_entries

WEB_FOLDER = Path(__file__).parent
INTEGRITY_HASHES = vendor.load_integrity_hashes()
MAX_CACHE_SECONDS = 15  # the figures "today" and "within 3 days" change without an event
MAX_CACHED_PAGES = 64  # the cache has one page per URL and language
STATES_IN_ORDER = tuple(state for state in STATES if state != SEALED_STATE)
TREND_FIGURES = ("reported", "agreed", "terminated", "closed")  # daily figures in the trend chart

templates = jinja2.Environment(
    loader=jinja2.FileSystemLoader(WEB_FOLDER / "templates"), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
)


async def overview_page(request):
    """Return the overview page of the county or of one township."""
    township = request.query_params.get("township")
    township = township if township in names.NAMES["township"] else None
    return await run_in_threadpool(request.app.state.overviews.response_for, request, township)


async def dispute_list_page(request):
    """Return one page of the list of disputes that match the filters of the URL. Redirect a search for a complete code to the page of that dispute."""
    selected_filters = filters.read_filters(request.query_params)
    if selected_filters.search.exact_code:
        return RedirectResponse(_dashboard_link(request, f"/disputes/{selected_filters.search.exact_code}"), 303)
    found = await run_in_threadpool(_find_disputes, request.app.state.pool, selected_filters)
    next_position = filters.format_position(found.next_position)
    return _render(
        request,
        "disputes.html",
        found.change,
        found.as_of,
        found=found,
        filters=selected_filters,
        choices=_filter_choices(),
        next_position=next_position,
        watermarks=found.watermarks,
        at="disputes",
    )


async def dispute_page(request):
    """Return the page of one dispute: its state, the agencies that must act, its deadlines, and the timeline with the events of all agencies."""
    code = request.path_params["code"]
    loaded = await run_in_threadpool(_load_dispute, request.app.state.pool, code)
    if loaded is None:
        return error_page(request, 404, "not_found", code=code[:20])
    row, deadlines, timeline, change, as_of, watermarks, progress = loaded
    context = {
        "dispute": row,
        "deadlines": deadlines,
        "articles": {deadline["clock"]: deadline["article"] for deadline in deadlines},
        "timeline": build_entries(timeline),
        "cut": len(timeline) >= queries.MAX_TIMELINE_ROWS,
        "watermarks": watermarks,
        "progress": progress,
    }
    return _render(request, "dispute.html", change, as_of, at="disputes", **context)


async def refused_steps_page(request):
    """Return one page of the list of the steps that were refused on a day. The figure "refused steps" counts steps, so its list shows steps and not disputes."""
    day, township, after = filters.read_refusal_filters(request.query_params)
    if day is None:
        return error_page(request, 404, "no_page")
    (steps, next_position, count), change, as_of, progress = await run_in_threadpool(_find_refused_steps, request.app.state.pool, day, township, after)
    query = {name: value for name, value in request.query_params.items() if name in ("day", "township")}
    context = {
        "steps": steps,
        "count": count,
        "day": day,
        "township": township,
        "next_position": next_position,
        "next_url": _dashboard_link(request, "/refusals", **query, after=filters.format_position(next_position)) if next_position else None,
        "agency_of": fact_texts.agency_of,
        "progress": progress,
    }
    return _render(request, "refusals.html", change, as_of, at="disputes", **context)


async def agencies_page(request):
    """Return the page that shows up to when each agency has reported. Agencies that must act come first, of these the ones not heard for longest."""
    watermarks, waiting, change, as_of, progress = await run_in_threadpool(_load_agencies, request.app.state.pool)
    agencies = sorted(
        {*AGENCIES, *watermarks}, key=lambda code: (not waiting.get(code), watermarks[code].up_to_at.timestamp() if code in watermarks else 0, code)
    )
    return _render(request, "agencies.html", change, as_of, at="agencies", agencies=agencies, watermarks=watermarks, waiting=waiting, progress=progress)


async def definitions_page(request):
    """Return the page with the definitions of all figures and the explanations of all states."""
    return _render(request, "definitions.html", None, None, at="definitions", states=STATES_IN_ORDER)


async def law_page(request):
    """Return the law page: the articles of law that set periods, with their sentences, sources and validity."""
    return _render(request, "law.html", None, None, at="law", **explanations.law_page_contents())


def error_page(request, status: int, problem: str, **facts):
    """Return an error page. `problem` is the key of its text in texts.py; for `unavailable` the browser reloads the page every five seconds."""
    headers = {"Refresh": "5"} if problem == "unavailable" else {}
    return _render(request, "problem.html", None, None, status=status, headers=headers, problem=problem, facts=facts, at="")


async def on_error(request, error):
    """Return the error page for an exception."""
    if isinstance(error, DatabaseUnavailable):
        return error_page(request, 503, "unavailable")
    if isinstance(error, psycopg2.errors.QueryCanceled):
        return error_page(request, 503, "slow")
    return error_page(request, 404, "no_page")


class OverviewCache:
    """Cache of rendered overview pages. A page is reused until the read model changes, so that many open pages cost one query and one rendering."""

    def __init__(self, pool):
        self.pool = pool
        self._responses: OrderedDict = OrderedDict()
        self._lock = threading.Lock()

    def response_for(self, request, township):
        """Return the overview page; from the cache if the read model has not changed since the page was rendered."""
        with self.pool.transaction() as tx:
            change, _ = queries.load_last_change(tx)
            key = (str(request.url), filters.request_language(request), change, int(tx.now.timestamp() // MAX_CACHE_SECONDS))
            if key in self._responses:
                return _copy_response(self._responses[key])
            page = queries.load_overview(tx, township)
        template = "empty.html" if page.is_empty else "overview.html"
        context = {
            "page": page,
            "township": township,
            "states": STATES_IN_ORDER,
            "figures": DAILY_FIGURES,
            "trend": TREND_FIGURES,
            "watermarks": page.watermarks,
        }
        response = _render(request, template, page.change, page.as_of, at="overview", **context)
        with self._lock:
            self._responses[key] = response
            while len(self._responses) > MAX_CACHED_PAGES:
                self._responses.popitem(last=False)
        return _copy_response(response)


def _copy_response(response):
    """Return a copy of the response with a separate header list, because the gzip middleware changes that list in place."""
    duplicate = copy.copy(response)
    duplicate.raw_headers = list(response.raw_headers)
    return duplicate


def _find_disputes(pool, selected_filters):
    with pool.transaction() as tx:
        if selected_filters.search.is_unsearchable:
            return queries.DisputeListPage([], None, 0, False, *reversed(queries.load_last_change(tx)))
        return queries.find_disputes(tx, selected_filters.query_values(), selected_filters.sort, selected_filters.after, filters.PAGE_SIZE)


def _find_refused_steps(pool, day, township, after):
    with pool.transaction() as tx:
        return queries.find_refused_steps(tx, day, township, after, filters.PAGE_SIZE), *queries.load_last_change(tx), queries.load_progress(tx)


def _load_agencies(pool):
    with pool.transaction() as tx:
        return queries.load_agencies(tx)


def _load_dispute(pool, code):
    with pool.transaction() as tx:
        return queries.load_dispute(tx, code)


def _filter_choices():
    """Return the choices of the filters on the dispute list: (key in NAMES, values), by query parameter."""
    return {
        "township": ("township", sorted(filters.FILTER_VALUES["township"])),
        "kind": ("kind", list(names.NAMES["kind"])),
        "state": ("state", STATES_IN_ORDER),
        "next_actors": ("agency", list(names.NAMES["agency"])),
        "reporter": ("agency", list(names.NAMES["agency"])),
    }


def _dashboard_link(request, path: str, **query) -> str:
    """Return a link to another page of the dashboard, with the parameters `wall` and `lang` of the current URL."""
    kept_parameters = {name: request.query_params[name] for name in ("lang", "wall") if request.query_params.get(name)}
    base, _, base_query = path.partition("?")
    query = "&".join(part for part in (base_query, urlencode({**kept_parameters, **query})) if part)
    return base + (f"?{query}" if query else "")


def _figure_url(request, figure: str, day: str, township: str | None) -> str:
    """Return the URL of the list behind a daily figure, with as many rows as the figure counts."""
    place = {"township": township} if township else {}
    if figure == "refused":
        return _dashboard_link(request, "/refusals?" + urlencode({"day": day, **place}))
    return _dashboard_link(request, "/disputes?" + urlencode({**place, "status": "all", "what": figure, "day": day}))


def _render(request, template, change, as_of, status=200, headers=None, **context):
    """Return the response with the rendered template.

    `change` is the number of the latest change that the page shows; the page receives later changes from the stream. None: the page uses no stream.
    """
    language, now = filters.request_language(request), datetime.now(UTC)
    other_language = "en" if language == "zh" else "zh"
    query_params = dict(request.query_params)
    is_wall = query_params.get("wall") == "1"

    def current_url(**changed):
        query = urlencode({name: value for name, value in {**query_params, **changed}.items() if value})
        return request.url.path + (f"?{query}" if query else "")

    functions = {
        "lang": language,
        "t": lambda key, **facts: texts.text(language, key, **facts),
        "name": lambda table, token: names.display_name(language, table, token),
        "names": lambda table, tokens: ("、" if language == "zh" else ", ").join(names.display_name(language, table, token) for token in tokens),
        "inline_name": lambda table, token: names.inline_name(language, table, token),
        "article": lambda cited: names.format_articles(language, cited),
        "article_links": explanations.article_links,
        "law_anchor": explanations.law_anchor,
        "state_explanation": explanations.state_explanation,
        "in_language": lambda pair: pair[texts.LANGUAGES.index(language)],
        "ends": lambda state, due, owed_by: describe_end(language, state, due, owed_by or [], context.get("watermarks", {}), now),
        "is_awaited": lambda state, due: is_awaited(state, due, now),
        "since": lambda instant: names.format_duration(language, now - instant),
        "fact_parts": lambda fact: fact_texts.describe_fact(language, fact),
        "amount": fact_texts.format_amount,
        "separator": "，" if language == "zh" else ", ",
        "figure_url": lambda figure, day, township: _figure_url(request, figure, day, township),
        "when": names.format_time,
        "link": lambda path, **query: _dashboard_link(request, path, **query),
        "list_url": lambda **query: _dashboard_link(request, "/disputes?" + urlencode({name: value for name, value in query.items() if value})),
        "parse_time": datetime.fromisoformat,
    }
    body = templates.get_template(template).render(
        **functions,
        **context,
        now=now,
        integrity=INTEGRITY_HASHES,
        current_url=current_url(),
        change=change,
        as_of=names.format_as_of(as_of, now),
        is_wall=is_wall,
        is_demo=request.app.state.is_demo,
        other_language=current_url(lang=other_language),
        wall=current_url(wall=None if is_wall else "1"),
    )
    response = HTMLResponse(body, status, {"Cache-Control": "no-store", **(headers or {})})
    if request.query_params.get("lang") in texts.LANGUAGES:
        response.set_cookie("lang", language, max_age=31536000, samesite="lax", httponly=True, path="/")
    return response
