"""What a request body may be, byte by byte, and what reaches an operation through FastAPI."""

from __future__ import annotations

import contextlib
import json
import math
import time
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Body, FastAPI, Request
from fastapi.responses import JSONResponse
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict
from starlette.testclient import TestClient

from api.strict_json import MAX_DEPTH, MAX_DIGITS, BadBody, StrictRoute, UnsupportedBody, decode

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(min_value=-(2**63), max_value=2**64)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(text, inner, max_size=5),
    max_leaves=30,
)


def refusal(body: bytes) -> BadBody:
    with pytest.raises(BadBody) as caught:
        decode(body)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


@given(values, st.booleans(), st.sampled_from([None, 2]))
def test_whatever_is_written_as_json_is_read_back(value: Any, ascii_only: bool, indent: int | None) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()
    assert decode(body) == value


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_refused_in_one_way(body: bytes) -> None:
    with contextlib.suppress(BadBody):
        decode(body)


@given(st.text(alphabet='[]{}",:\\u0dD8a19eE+-. \n\0tNI', max_size=60))
def test_almost_json_is_refused_or_can_be_stored_and_written(body: str) -> None:
    try:
        value = decode(body.encode())
    except BadBody:
        return
    written = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    assert decode(written) == value


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "malformed_json"),
        (b"  ", "malformed_json"),
        (b"{", "malformed_json"),
        (b"[1,]", "malformed_json"),
        (b"{'a': 1}", "malformed_json"),
        (b'{"a": 1} x', "malformed_json"),
        (b"[1] [2]", "malformed_json"),
        (b"01", "malformed_json"),
        (b"1_0", "malformed_json"),
        ("٣".encode(), "malformed_json"),
        (b'"a\nb"', "malformed_json"),
        (b'"\\x41"', "malformed_json"),
        (b'"\\', "malformed_json"),
        (b"NaN", "malformed_json"),
        (b'{"a": [Infinity]}', "malformed_json"),
        (b"-Infinity", "malformed_json"),
        (b'{"a": "\x00"}', "malformed_json"),
        (b'"\xff"', "not_utf8"),
        (b'"\xed\xa0\x80"', "not_utf8"),
        (b'\xef\xbb\xbf{"a": 1}', "not_utf8"),
        ('{"a": 1}'.encode("utf-16"), "not_utf8"),
        ('{"a": 1}'.encode("utf-16-le"), "not_utf8"),
        ('{"a": 1}'.encode("utf-16-be"), "not_utf8"),
        ('{"a": 1}'.encode("utf-32"), "not_utf8"),
        (b"1e400", "number_out_of_range"),
        (b"[-1e130000]", "number_out_of_range"),
        (b"1" * 5_000, "number_out_of_range"),
        (b'{"a": 1, "a": 1}', "duplicate_key"),
        (b'[{"b": {"a": 1, "\\u0061": 2}}]', "duplicate_key"),
        (b'"\\u0000"', "invalid_character"),
        (b'{"\\u0000": 1}', "invalid_character"),
        (b'{"a": ["\\ud800"]}', "invalid_character"),
        (b'"\\uDFFF"', "invalid_character"),
        (b'"\\ude00\\ud83d"', "invalid_character"),
        (b'[{"\\ud83d": 1}]', "invalid_character"),
        (nested(MAX_DEPTH + 1), "too_deep"),
        (nested(100_000), "too_deep"),
        (b"[" * 100_000, "too_deep"),
        (b'{"a":' * 100_000, "too_deep"),
        (b'["' + b"[" * 50 + b'", ' + nested(MAX_DEPTH) + b"]", "too_deep"),
    ],
)
def test_a_body_is_refused_with_its_code(body: bytes, code: str) -> None:
    assert refusal(body).code == code


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b' {"a": null} \r\n', {"a": None}),
        (b"-0", 0),
        (b"1" * MAX_DIGITS, int("1" * MAX_DIGITS)),
        (b"1.7976931348623157e308", 1.7976931348623157e308),
        (b'"\\ud83d\\ude00"', "😀"),
        (b'"\\\\u0000 \\\\ud800"', "\\u0000 \\ud800"),
        ('"Žemaitė „ąčęėįšųū“"'.encode(), "Žemaitė „ąčęėįšųū“"),
        (b'"' + b'[{\\"' * 100 + b'"', '[{"' * 100),
        (b"[" + b"[]," * 100 + b"{}]", [[]] * 100 + [{}]),
    ],
)
def test_what_is_json_is_read(body: bytes, value: object) -> None:
    assert decode(body) == value


def test_the_deepest_body_that_is_read() -> None:
    value = decode(nested(MAX_DEPTH))
    for _ in range(MAX_DEPTH - 1):
        (value,) = value
    assert value == []


def test_a_refusal_gives_the_place_and_nothing_of_the_body() -> None:
    refused = refusal(b'{"secret": "kk_12_abcdef" "x"}')
    assert refused.position == 26
    assert "kk_12" not in repr(refused) + str(refused) + str(vars(refused))
    assert refusal(b'{"a": 1, "a": 1}').position is None


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 256_000,
        b'{"a": ' + b"[]," * 85_000,
        b'"' + b'\\"' * 128_000,
        b"[" * 40 + b'"' + b'\\"' * 128_000,
        b"[" * 40 + b'"\\' * 128_000,
        b"1" * 256_000,
        b"1." + b"9" * 256_000,
        b"1" + b"0" * 256_000 + b"e-256000",
        b"[" + b"1" * 300 + b", " + b"1" * 256_000 + b"]",
    ],
)
def test_the_largest_body_costs_milliseconds_however_it_is_made(body: bytes) -> None:
    start = time.process_time()
    with contextlib.suppress(BadBody):
        decode(body)
    assert time.process_time() - start < 0.25


class Organisation(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    note: str | None = None


router = APIRouter(prefix="/v1", route_class=StrictRoute)


@router.post("/organisations")
async def create(organisation: Organisation) -> Organisation:
    return organisation


@router.patch("/organisations")
async def change(organisation: Organisation) -> Organisation:
    return organisation


@router.post("/organisations/close")
async def close(organisation: Annotated[Organisation | None, Body()] = None) -> dict[str, bool]:
    return {"with_body": organisation is not None}


@router.post("/organisations/read-twice")
async def read_twice(request: Request, organisation: Organisation) -> dict[str, Any]:
    return {"bytes": len(await request.body()), "json": await request.json(), "name": organisation.name}


@router.post("/import")
async def take(request: Request) -> dict[str, int]:
    return {"bytes": len(await request.body())}


async def refuse(_request: Request, error: BadBody | UnsupportedBody) -> JSONResponse:
    return JSONResponse({"code": error.code}, status_code=error.status_code, headers=error.headers)


@pytest.fixture(scope="module")
def client() -> TestClient:
    app = FastAPI(exception_handlers={BadBody: refuse, UnsupportedBody: refuse}, max_body_size=1_000)
    app.include_router(router)
    return TestClient(app)


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "application/merge-patch+json",
        "Application/JSON; charset=UTF-8",
        'application/json;charset="utf-8"',
        "application/json; profile=x; charset=utf-8;",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_both_json_types_reach_the_operation(client: TestClient, method: str, content_type: str) -> None:
    answer = client.request(
        method,
        "/v1/organisations",
        content='{"name": "Žiburys", "note": null}'.encode(),
        headers={"Content-Type": content_type},
    )
    assert answer.status_code == 200
    assert answer.json() == {"name": "Žiburys", "note": None}


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/problem+json",
        "application/jsonp",
        "application/json, text/plain",
        "application/json; charset=utf-16",
        "application/json; charset=utf-8; charset=latin-1",
        "",
    ],
)
def test_another_media_type_is_refused(client: TestClient, content_type: str) -> None:
    answer = client.post("/v1/organisations", content=b'{"name": "x"}', headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()) == (415, {"code": "unsupported_media_type"})
    assert answer.headers["Accept-Post"] == "application/json, application/merge-patch+json"


def test_a_body_without_a_type_is_refused(client: TestClient) -> None:
    answer = client.patch("/v1/organisations", content=b'{"name": "x"}')
    assert answer.status_code == 415
    assert answer.headers["Accept-Patch"] == "application/json, application/merge-patch+json"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"name": NaN}', 400, "malformed_json"),
        (b'{"name": "\\ud800"}', 400, "invalid_character"),
        (b'{"name": "a", "name": "b"}', 400, "duplicate_key"),
        (nested(400), 400, "too_deep"),
        ('{"name": "x"}'.encode("utf-16"), 400, "not_utf8"),
    ],
)
def test_a_bad_body_reaches_the_handler_of_the_app(client: TestClient, body: bytes, status: int, code: str) -> None:
    answer = client.post("/v1/organisations", content=body, headers=JSON)
    assert (answer.status_code, answer.json()) == (status, {"code": code})


@pytest.mark.parametrize("headers", [{}, JSON, {"Content-Type": "text/plain"}])
def test_a_missing_body_is_for_the_validation(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/v1/organisations", content=b"", headers=headers)
    assert answer.status_code == 422
    assert client.post("/v1/organisations/close", headers=headers).json() == {"with_body": False}


def test_a_body_over_the_limit_is_still_413(client: TestClient) -> None:
    for body in (b" " * 2_000, iter([b" " * 600] * 3)):
        assert client.post("/v1/organisations", content=body, headers=JSON).status_code == 413


def test_the_bytes_and_the_value_can_be_read_again(client: TestClient) -> None:
    body = b'{"name": "x"}'
    answer = client.post("/v1/organisations/read-twice", content=body, headers=JSON)
    assert answer.json() == {"bytes": len(body), "json": {"name": "x"}, "name": "x"}


def test_an_operation_that_declares_no_body_reads_what_it_likes(client: TestClient) -> None:
    answer = client.post("/v1/import", content=b"a;b", headers={"Content-Type": "text/csv"})
    assert answer.json() == {"bytes": 3}


def test_every_float_that_is_read_is_finite() -> None:
    assert all(math.isfinite(decode(body)) for body in (b"1e308", b"1e-400", b"-1.5E+3"))
