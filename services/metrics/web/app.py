"""Starlette application of the dashboard: routes, middleware, database pool and change stream. It does not use nameko.

The dashboard has no sign-in: it must listen on loopback only, or behind a proxy that authenticates users. Pages show dispute codes and no personal data.
"""

import asyncio
import contextlib
from pathlib import Path

import psycopg2.errors
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from plumbing import settings as plumbing_settings
from plumbing import telemetry
from plumbing.hosts import AllowedHosts
from plumbing.pool import DatabaseUnavailable, Pool
from services.metrics.web import explanations, pages, stream
from services.metrics.web.headers import SecurityHeaders

STATIC_FOLDER = Path(__file__).parent / "static"
POOL_SIZE = 8
ACQUIRE_TIMEOUT_SECONDS = 3.0  # a page that gets no database connection in this time reports that the database is unavailable
UNKNOWN_HOST_ERROR = {
    "code": "unknown_host",
    "zh": "看板不接受此主机名（Host）的请求。请使用已登记的主机名，或者在FENGQIAO_DASHBOARD_HOSTS中登记该主机名。",
    "en": "The dashboard does not accept requests for this host name (Host). Use a host name that is listed in FENGQIAO_DASHBOARD_HOSTS, or add it there.",
}


def create_app(settings=None, is_demo: bool | None = None) -> Starlette:
    """Return the dashboard application. `settings` and `is_demo` default to the values of the environment variables."""

    http_settings = plumbing_settings.load_web_settings()

    @contextlib.asynccontextmanager
    async def lifespan(app):
        service_settings = settings or plumbing_settings.load()
        app.state.is_demo = http_settings.is_demo if is_demo is None else is_demo
        app.state.pool = Pool(service_settings, POOL_SIZE, ACQUIRE_TIMEOUT_SECONDS)
        app.state.overviews = pages.OverviewCache(app.state.pool)
        app.state.broadcaster = stream.ChangeBroadcaster(service_settings.database_url, asyncio.get_running_loop())
        app.state.broadcaster.start()
        yield
        app.state.broadcaster.stop()
        app.state.pool.close()

    def readiness():
        return {"database": app.state.pool.is_answering(), "changes": app.state.broadcaster.is_live}

    app = Starlette(
        routes=[
            Route("/", pages.overview_page),
            Route("/disputes", pages.dispute_list_page),
            Route("/disputes/{code}", pages.dispute_page),
            Route("/refusals", pages.refused_steps_page),
            Route("/agencies", pages.agencies_page),
            Route("/definitions", pages.definitions_page),
            Route(explanations.LAW_PATH, pages.law_page),
            Route("/stream", stream.stream_changes),
            *telemetry.routes(readiness),
            Mount("/static", StaticFiles(directory=STATIC_FOLDER), name="static"),
        ],
        middleware=[
            Middleware(AllowedHosts, hosts=http_settings.dashboard_hosts, refusal=lambda: JSONResponse(UNKNOWN_HOST_ERROR, 400)),
            Middleware(SecurityHeaders),
            Middleware(GZipMiddleware, minimum_size=1000),
        ],
        exception_handlers={DatabaseUnavailable: pages.on_error, psycopg2.errors.QueryCanceled: pages.on_error, HTTPException: pages.on_error},
        lifespan=lifespan,
    )
    return app


app = create_app()
