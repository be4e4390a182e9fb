"""`/metrics`, in Prometheus' text format, for the operator of this machine."""

from collections.abc import Iterator
from ipaddress import ip_address

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..verbs import Verbs

HELP = {
    "jobs": "Jobs by state",
    "open_chunks": "Chunks of unfinished jobs by state",
    "certificates_issued": "Certificates issued since the beginning",
    "issuing_halted": "1 while the operator has issuing halted",
    "chunks_parked": "Chunks that ran out of attempts; look at the logs",
    "oldest_queued_job_seconds": "How long the oldest queued job has waited",
    "mail_returns": "Messages that came back (bounces and the like) by outcome",
    "data_free_bytes": "Room left on the file system of the data directory",
}


class TableCollector:
    """Reads the tables whenever it is asked."""

    def __init__(self, verbs: Verbs) -> None:
        self._verbs = verbs

    def collect(self) -> Iterator[Metric]:
        """Give every metric of the tables."""
        families: dict[str, GaugeMetricFamily] = {}
        for (name, label, value), number in self._verbs.measure().items():
            labels = [label] if label else []
            family = families.setdefault(
                name,
                GaugeMetricFamily(f"testamur_{name}", HELP[name], labels=labels),
            )
            family.add_metric([value] if label else [], number)
        yield from families.values()


def metrics_routes(verbs: Verbs) -> APIRouter:
    """
    Return the route.

    The figures are about all tenants together, so only this machine may ask, and
    not through a proxy.
    """
    router = APIRouter(tags=["Health"])
    registry = CollectorRegistry()
    registry.register(TableCollector(verbs))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)

    @router.get(
        "/metrics",
        summary="Figures for Prometheus (from this machine only)",
        openapi_extra={"x-scope": None},
        response_class=Response,
        responses={200: {"description": "Figures", "content": {"text/plain": {}}}},
    )
    async def metrics(request: Request) -> Response:
        peer = request.client.host if request.client else ""
        is_proxied = "x-forwarded-for" in request.headers or "via" in request.headers
        if is_proxied or not ip_address(peer or "::").is_loopback:
            raise HTTPException(404)
        body = await verbs.ask_slowly(generate_latest, registry)
        return Response(body, media_type=CONTENT_TYPE_LATEST)

    return router
