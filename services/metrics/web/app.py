"""The dashboard as an application: addresses, headers, what lives as long as the process. Starlette on threads; no nameko.

There is no sign-in: it listens on loopback only, or behind something that signs people in. It shows codes and no person.
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
from plumbing.hosts import KnownHosts
from plumbing.pool import DatabaseUnavailable, Pool
from services.metrics.web import explanations, pages, stream
from services.metrics.web.headers import SafeHeaders

STATIC = Path(__file__).parent / "static"
CONNECTIONS = 8
PATIENCE_SECONDS = 3.0  # a reader would rather be told than wait
UNKNOWN_HOST = {
    "code": "unknown_host",
    "zh": "看板不以此名称（Host）提供服务。请使用登记的名称，或在FENGQIAO_DASHBOARD_HOSTS中登记。",
    "en": "The dashboard does not answer under this name (Host). Use a name that is set in FENGQIAO_DASHBOARD_HOSTS.",
}


def create_app(settings=None, is_demo: bool | None = None) -> Starlette:
    """The dashboard; without arguments it asks the environment when it starts."""

    told = plumbing_settings.load_http()

    @contextlib.asynccontextmanager
    async def alive(app):
        known = settings or plumbing_settings.load()
        app.state.is_demo = told.is_demo if is_demo is None else is_demo
        app.state.pool = Pool(known, CONNECTIONS, PATIENCE_SECONDS)
        app.state.overviews = pages.Overviews(app.state.pool)
        app.state.hub = stream.Hub(known.database_url, asyncio.get_running_loop())
        app.state.hub.start()
        yield
        app.state.hub.stop()
        app.state.pool.close()

    def ready():
        return {"database": app.state.pool.answers(), "changes": app.state.hub.is_live}

    app = Starlette(
        routes=[
            Route("/", pages.overview),
            Route("/disputes", pages.disputes),
            Route("/disputes/{code}", pages.dispute),
            Route("/definitions", pages.definitions),
            Route(explanations.LAW_PATH, pages.law),
            Route("/stream", stream.page_listens),
            *telemetry.routes(ready),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
        ],
        middleware=[
            Middleware(KnownHosts, hosts=told.dashboard_hosts, refusal=lambda: JSONResponse(UNKNOWN_HOST, 400)),
            Middleware(SafeHeaders),
            Middleware(GZipMiddleware, minimum_size=1000),
        ],
        exception_handlers={DatabaseUnavailable: pages.on_error, psycopg2.errors.QueryCanceled: pages.on_error, HTTPException: pages.on_error},
        lifespan=alive,
    )
    return app


app = create_app()
