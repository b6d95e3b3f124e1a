"""The directory finds what FastAPI finds, router by router."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import Match

from api.app import create_app
from api.directory import Directory, beginning
from programme.settings import Settings

NOWHERE = [
    "",
    "*",
    "/",
    "//",
    "/v1",
    "/v1/",
    "/v1//me",
    "//v1/me",
    "/v1x/me",
    "/nowhere",
    "/v1/nowhere",
    "/docs/",
    "/certificates",
]


@pytest.mark.parametrize("method", ["GET", "PUT", "FOO"])
def test_whatever_has_an_address_is_in_question_for_it(settings: Settings, method: str) -> None:
    directory, *routes = create_app(settings).router.routes
    assert isinstance(directory, Directory)
    paths = {one.path or "" for one in iter_route_contexts(routes)}
    assert len(paths) > 100
    for path in [*(re.sub(r"{\w+}", str(uuid4()), path) for path in paths), *NOWHERE]:
        scope = {"type": "http", "method": method, "path": path, "root_path": ""}
        having = [route for route in routes if route.matches(dict(scope))[0] is not Match.NONE]
        in_question = directory.routers[beginning(path)].routes if beginning(path) in directory.routers else []
        assert [route for route in in_question if route in having] == having, path
        assert len(in_question) <= 2, path
