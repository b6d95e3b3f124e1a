"""The pages for people: what they load, what their policy allows, and how long it all is kept."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api import documents, openapi
from api.problems import Documented
from programme.sentences import Sentence

PROBLEMS = {
    "not_found": Documented(
        404,
        Sentence("Nerasta", "Not found"),
        Sentence("Tokio įrašo nėra.", "There is no such record, & <none> is made up."),
    )
}
PAGES = ["/docs", "/redoc", "/problems/not_found"]


@pytest.fixture(scope="module")
def app() -> FastAPI:
    app = FastAPI(title="Kokybė", docs_url=None, redoc_url=None, openapi_url=None)

    @app.get("/v1/standards", summary="Standartų sąrašas")
    async def standards() -> list[str]:
        return []

    documents.install(app, problems=PROBLEMS)
    return app


@pytest.fixture(scope="module")
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app) as client:
        yield client


def addresses(html: str) -> list[str]:
    return re.findall(r'(?:src|href)="([^"]+)"', html)


def policy(client: TestClient, path: str) -> dict[str, set[str]]:
    directives = client.get(path).headers["Content-Security-Policy"].split(";")
    return {name: set(sources) for name, *sources in (directive.split() for directive in directives)}


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_only_files_that_the_service_carries(client: TestClient, path: str) -> None:
    page = client.get(path)
    found = addresses(page.text)
    assert found
    for address in found:
        assert "//" not in address
        url = page.url.join(address)
        asset = client.get(str(url))
        assert asset.status_code == 200
        assert asset.content
        assert asset.headers["X-Content-Type-Options"] == "nosniff"
        assert asset.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_holds_no_script_and_no_style_of_its_own(client: TestClient, path: str) -> None:
    html = client.get(path).text
    assert not any(re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL))
    assert "<style" not in html
    assert " style=" not in html
    assert not re.search(r"\son\w+=", html)


@pytest.mark.parametrize("path", PAGES)
def test_the_policy_allows_nothing_that_is_not_named(client: TestClient, path: str) -> None:
    directives = policy(client, path)
    assert directives["default-src"] == {"'none'"}
    assert directives["base-uri"] == directives["form-action"] == directives["frame-ancestors"] == {"'none'"}
    every_source = set().union(*directives.values())
    assert not every_source & {"'unsafe-inline'", "'unsafe-eval'", "*", "https:", "http:"}
    assert directives["img-src"] - {"data:"} == {"'self'"}
    assert directives.get("script-src", {"'self'"}) == {"'self'"}
    assert directives.get("connect-src", {"'self'"}) == {"'self'"}
    if path != "/redoc":
        assert directives["style-src"] == {"'self'"}
        assert "worker-src" not in directives
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert headers["Content-Language"] == ("lt, en" if path.startswith("/problems/") else "en")
    assert headers["Cache-Control"] == "no-cache"


def test_no_program_that_is_served_reaches_for_a_content_network(client: TestClient) -> None:
    for path in ("/docs", "/redoc"):
        page = client.get(path)
        for address in addresses(page.text):
            assert b"://cdn" not in client.get(str(page.url.join(address))).content


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_pages_are_named_after_the_product(client: TestClient, path: str) -> None:
    assert "<title>Kokybė</title>" in client.get(path).text


def test_an_asset_is_found_by_its_content_alone(client: TestClient) -> None:
    address = addresses(client.get("/docs").text)[0]
    assert re.fullmatch(r"assets/[0-9a-f]{16}/[a-z.-]+", address)
    _, digest, name = address.split("/")
    assert client.get(f"/assets/{'0' * 16}/{name}").status_code == 404
    assert client.get(f"/assets/{digest}/other.js").status_code == 404
    assert client.get(f"/assets/{digest}/..%2f{name}").status_code == 404


def test_a_problem_page_speaks_both_languages(client: TestClient) -> None:
    page = client.get("/problems/not_found")
    assert page.text.startswith('<!doctype html>\n<html lang="lt">')
    assert "<h1>Nerasta</h1>" in page.text
    assert '<section lang="en">\n<h1>Not found</h1>' in page.text
    assert "There is no such record, &amp; &lt;none&gt; is made up." in page.text


@pytest.mark.parametrize("path", ["/problems/unknown", "/problems/", "/problems/a/b"])
def test_an_unknown_problem_is_not_found(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_the_description_is_served_as_it_is_committed(app: FastAPI, client: TestClient) -> None:
    answer = client.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.text == openapi.text(app)
    assert "Standartų sąrašas".encode() in answer.content
    described = json.loads(answer.content)
    assert described == app.openapi()
    assert list(described["paths"]) == ["/v1/standards"]


@pytest.mark.parametrize("path", ["/openapi.json", *PAGES])
@pytest.mark.parametrize("coding", ["gzip, br", "identity"])
def test_what_is_known_is_not_sent_again(client: TestClient, path: str, coding: str) -> None:
    headers = {"Accept-Encoding": coding}
    first = client.get(path, headers=headers)
    etag = first.headers["ETag"]
    assert etag.startswith('"')
    for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        again = client.get(path, headers={**headers, "If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == etag
    assert client.get(path, headers={**headers, "If-None-Match": '"other"'}).status_code == 200


def test_each_coding_is_an_answer_of_its_own(client: TestClient) -> None:
    plain = client.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    with client.stream("GET", "/openapi.json", headers={"Accept-Encoding": "gzip"}) as zipped:
        assert gzip.decompress(b"".join(zipped.iter_raw())) == plain.content
        assert zipped.headers["Content-Encoding"] == "gzip"
        assert zipped.headers["ETag"] != plain.headers["ETag"]
    assert plain.headers["Vary"] == zipped.headers["Vary"] == "Accept-Encoding"


@pytest.mark.parametrize("path", ["/openapi.json", *PAGES])
def test_a_page_can_be_asked_for_its_headers_and_takes_nothing(client: TestClient, path: str) -> None:
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405
