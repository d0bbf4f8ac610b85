"""The application behind `/api/v1`: every route, the errors, and the OpenAPI document made from their types."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from pacing_node.api.v1.api_gate import ApiGateMiddleware
from pacing_node.api.v1.api_parts import ApiParts
from pacing_node.api.v1.cluster_routes import ClusterRoutes
from pacing_node.api.v1.configuration_orders import ConfigurationOrders
from pacing_node.api.v1.configuration_routes import ConfigurationRoutes
from pacing_node.api.v1.doctor_routes import DoctorRoutes
from pacing_node.api.v1.document_route import DocumentRoute
from pacing_node.api.v1.event_routes import EventRoutes
from pacing_node.api.v1.inbound_routes import InboundRoutes
from pacing_node.api.v1.order_desk import OrderDesk
from pacing_node.api.v1.order_roles import role_of_order
from pacing_node.api.v1.order_routes import OrderRoutes
from pacing_node.api.v1.overview_routes import OverviewRoutes
from pacing_node.api.v1.problem_details import (
    MEDIA_TYPE,
    Problem,
    ProblemError,
    on_broken,
    on_http_error,
    on_invalid,
    on_problem,
)
from pacing_node.api.v1.reason_routes import ReasonRoutes
from pacing_node.api.v1.security_headers import SecurityHeaders
from pacing_node.api.v1.session_routes import SessionRoutes
from pacing_node.api.v1.target_routes import TargetRoutes

if TYPE_CHECKING:
    from starlette.types import ASGIApp


PREFIX = "/api/v1"
DOCUMENT = f"{PREFIX}/openapi.json"
_VERSION = version("agent-pacing")
"""Looked up once: it is read from files."""
_DESCRIPTION = (
    "Reads and orders of a node of agent pacing. Every answer says how current its numbers are: `as_of`, "
    "`age_seconds`, `source`, and since when and why pacing is silent. Moments are Unix seconds."
)
_ALWAYS = {401: "No proof of who asks, or one that is not good", 403: "A role that is too weak"}


def build_v1(parts: ApiParts) -> ASGIApp:
    """Build the application behind its gate; its paths are below :data:`PREFIX`."""
    open_paths = frozenset({f"{PREFIX}/session", DOCUMENT})
    gated = ApiGateMiddleware(
        build_routes(parts),
        parts.gate,
        open_paths=open_paths,
        role_of_order=lambda path: role_of_order(path.removeprefix(PREFIX)),
    )
    return SecurityHeaders(gated)


def build_routes(parts: ApiParts) -> FastAPI:
    """Build the routes alone."""
    app = FastAPI(
        title="Agent pacing",
        version=_VERSION,
        description=_DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        exception_handlers={
            ProblemError: on_problem,
            RequestValidationError: on_invalid,
            HTTPException: on_http_error,
            Exception: on_broken,
        },
        responses=_common_responses(),
    )
    view = parts.view
    desk = OrderDesk(view, parts.audit, parts.holds, status=parts.member.status, paused=lambda: parts.member.paused)
    for routes in (
        ClusterRoutes(view, parts.events),
        DoctorRoutes(view),
        OrderRoutes(view, desk, parts.member, parts.holds),
        OverviewRoutes(view),
        TargetRoutes(view),
        InboundRoutes(view),
        ConfigurationRoutes(view),
        ConfigurationOrders(desk, parts.member.documents, parts.past_options),
        ReasonRoutes(view),
        EventRoutes(parts.events, parts.gate),
        SessionRoutes(parts.gate, parts.audit),
    ):
        app.include_router(routes.router, prefix=PREFIX)
    _document_problems(app)
    app.add_api_route(DOCUMENT, DocumentRoute(app.openapi).document, include_in_schema=False)
    return app


def _common_responses() -> dict[int | str, dict[str, Any]]:
    """What every call can answer with beside its own."""
    schema = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    texts = {**_ALWAYS, 422: "A parameter or a body that cannot be used"}
    return {status: {"description": text, **schema} for status, text in texts.items()}


def _document_problems(app: FastAPI) -> None:
    """Add the schema of problem details to the generated document, and leave out the framework's own errors."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        document = generate()
        schemas = document["components"]["schemas"]
        if "Problem" not in schemas:
            problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(problem.pop("$defs"))
            schemas["Problem"] = problem
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way
