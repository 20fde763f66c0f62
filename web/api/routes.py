"""The routes, made from the table: nothing is answered that is not described.

The table and its models are loaded with the first request under the prefix: a process that only people's
browsers ask never pays for them.
"""

from collections.abc import Callable
from functools import cache, partial
from http import HTTPMethod

from flask import Blueprint, Response, request
from werkzeug.routing import Map, Rule

PREFIX = "/api/v1"
pages = Blueprint("api", __name__, url_prefix=PREFIX)


@pages.route("/<path:rest>", methods=list(HTTPMethod), provide_automatic_options=False)
def answer(rest: str) -> Response:
    """What the table has at this address; from here on, the request is the operation's."""
    request.url_rule, request.view_args = None, {"rest": rest}
    rule, path = routes().bind_to_environ(request.environ).match(return_rule=True)
    request.url_rule, request.view_args = rule, dict(path)
    return _views()[rule.endpoint](**path)


@cache
def routes() -> Map:
    """Every address with its methods; the endpoint is ``api.`` and the operation's name.

    Errors of a match are werkzeug's: 404, and 405 with what is allowed, for every method of HTTP's own.
    """
    from web.api.table import OPERATIONS  # noqa: PLC0415 - only who is asked for it pays

    made = [
        Rule(
            PREFIX + operation.path.replace("{", "<").replace("}", ">"),
            methods=[operation.method],
            endpoint=f"api.{operation.name}",
        )
        for operation in OPERATIONS
    ]
    return Map([*made, Rule(f"{PREFIX}/openapi.json", methods=["GET"], endpoint="api.openapi")])


@cache
def _views() -> dict[str, Callable[..., Response]]:
    from web.api import answering  # noqa: PLC0415
    from web.api.table import OPERATIONS  # noqa: PLC0415

    made = {f"api.{one.name}": partial(answering.answer, one) for one in OPERATIONS}
    return {**made, "api.openapi": openapi}


def openapi() -> Response:
    """What all of it is, for programs; the one address that other sites' pages may read."""
    from web.api import description  # noqa: PLC0415

    made = Response(description.as_json(), content_type="application/json")
    made.headers["Cache-Control"] = "public, max-age=300"
    made.headers["Access-Control-Allow-Origin"] = "*"
    made.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return made
