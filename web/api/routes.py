"""The routes, made from the table: nothing is answered that is not described."""

from functools import partial

from flask import Blueprint, Response

from web.api import answering, description
from web.api.operation import Operation
from web.api.table import OPERATIONS

pages = Blueprint("api", __name__, url_prefix="/api/v1")


def _add(operation: Operation) -> None:
    pages.add_url_rule(
        operation.path.replace("{", "<").replace("}", ">"),
        operation.name,
        partial(answering.answer, operation),
        methods=[operation.method],
        provide_automatic_options=False,
    )


for _operation in OPERATIONS:
    _add(_operation)


@pages.get("/openapi.json", provide_automatic_options=False)
def openapi() -> Response:
    """What all of it is, for programs; the one address that other sites' pages may read."""
    made = Response(description.as_json(), content_type="application/json")
    made.headers["Cache-Control"] = "public, max-age=300"
    made.headers["Access-Control-Allow-Origin"] = "*"
    made.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return made
