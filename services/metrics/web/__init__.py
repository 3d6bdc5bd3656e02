"""Web application of the dashboard: `uvicorn services.metrics.web:app`."""

from services.metrics.web.app import app

__all__ = ["app"]
