"""Pages for people, which work where there is no internet: `/docs`, `/redoc`, `/problems/{code}`, `/openapi.json`.

Everything that they load is carried by the service, and their policy (CSP) lets the browser load nothing else: no
script within a page, no other host, no frame. Three things are allowed beyond files of the service:

* on `/docs` and `/redoc`, pictures in `data:` addresses, which both programs draw arrows and marks from;
* on `/redoc`, two style elements by their hash: the empty one, which ReDoc fills through the object model as it
  draws, and the one of its scroll bar, which changes with its release (the test in Chromium then gives the new hash);
* on `/redoc`, a worker from a `blob:`, in which ReDoc searches and which inherits this policy.
"""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import cache, cached_property
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import Final

import fastapi_offline
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api import openapi
from api.problems import Documented

TITLE: Final = "Kokybė"

_NOTHING: Final = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_PLAIN_POLICY: Final = f"{_NOTHING}; style-src 'self'; img-src 'self'"
_PROGRAM: Final = f"{_NOTHING}; script-src 'self'; connect-src 'self'; img-src 'self' data:"
_SWAGGER_POLICY: Final = f"{_PROGRAM}; style-src 'self'"
_EMPTY_STYLE: Final = "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
_SCROLL_BAR_STYLE: Final = "'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='"
_REDOC_POLICY: Final = f"{_PROGRAM}; style-src 'self' {_EMPTY_STYLE} {_SCROLL_BAR_STYLE}; worker-src blob:"

_MEDIA_TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
}

_FOR_EVER: Final = "public, max-age=31536000, immutable"
_ASK_EACH_TIME: Final = "no-cache"


class Document:
    """Bytes that stay the same while the process lives, compressed once."""

    def __init__(self, body: bytes, media_type: str, cache_control: str, **headers: str) -> None:
        self.body = body
        self.digest = sha256(body).hexdigest()[:16]
        self._headers = {
            "Content-Type": media_type,
            "Cache-Control": cache_control,
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }

    @cached_property
    def _compressed(self) -> bytes:
        return gzip.compress(self.body, mtime=0)

    def answer(self, request: Request, status: int = 200) -> Response:
        """The document, or 304 to whoever has it, unless it says what there is not. Two codings are two representations,
        so two entity tags."""
        compressed = "gzip" in request.headers.get("accept-encoding", "")
        etag = f'"{self.digest}-gzip"' if compressed else f'"{self.digest}"'
        headers = {**self._headers, "ETag": etag}
        known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
        if status == 200 and (etag in known or known == ["*"]):
            return Response(status_code=304, headers=headers)
        if compressed:
            return Response(self._compressed, status, headers={**headers, "Content-Encoding": "gzip"})
        return Response(self.body, status, headers=headers)


def _assets() -> dict[str, Document]:
    """What the pages load: two programs that a package brings, and our own few lines beside this module."""
    brought = files(fastapi_offline) / "static"
    ours = files("api") / "assets"
    # ReDoc shows its maker's logo from another host; without the picture it shows the words alone.
    redoc = (brought / "redoc.standalone.js").read_bytes()
    redoc = redoc.replace(b"https://cdn.redoc.ly/redoc/logo-mini.svg", b"data:,")
    bodies = {
        "redoc.standalone.js": redoc,
        "swagger-ui-bundle.js": (brought / "swagger-ui-bundle.js").read_bytes(),
        "swagger-ui.css": (brought / "swagger-ui.css").read_bytes(),
    } | {file.name: file.read_bytes() for file in ours.iterdir()}
    return {name: Document(body, _MEDIA_TYPES[name.rpartition(".")[2]], _FOR_EVER) for name, body in bodies.items()}


_PAGE: Final = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{icon}">
{styles}
{scripts}
</head>
<body>
<main>{main}</main>
</body>
</html>
"""

_PROBLEM: Final = """
<p><code>{code}</code> · HTTP {status}</p>
<section>
<h1>{title_lt}</h1>
<p>{meaning_lt}</p>
</section>
<section lang="en">
<h1>{title_en}</h1>
<p>{meaning_en}</p>
</section>
"""


class Pages:
    """The pages as HTML. Addresses in them are relative, so that they hold under a prefix that a proxy removes."""

    def __init__(self, assets: Mapping[str, Document]) -> None:
        self._assets = assets

    def swagger(self) -> str:
        return self._page("en", TITLE, ["swagger-ui.css", "swagger.css"], ["swagger-ui-bundle.js", "swagger.js"])

    def redoc(self) -> str:
        return self._page("en", TITLE, ["redoc.css"], ["redoc.standalone.js", "redoc.js"])

    def problem(self, code: str, problem: Documented) -> str:
        main = _PROBLEM.format(
            code=escape(code),
            status=problem.status,
            title_lt=escape(problem.title.lt),
            title_en=escape(problem.title.en),
            meaning_lt=escape(problem.meaning.lt),
            meaning_en=escape(problem.meaning.en),
        )
        return self.plain(problem.title.lt, main)

    def plain(self, title: str, main: str) -> str:
        """A page one level below the root that is text alone."""
        return self._page("lt", f"{title} – {TITLE}", ["plain.css"], [], main, root="../")

    def _page(
        self, language: str, title: str, styles: list[str], scripts: list[str], main: str = "", root: str = ""
    ) -> str:
        return _PAGE.format(
            language=language,
            title=escape(title),
            icon=self._address(root, "favicon.svg"),
            styles="\n".join(f'<link rel="stylesheet" href="{self._address(root, name)}">' for name in styles),
            scripts="\n".join(f'<script src="{self._address(root, name)}" defer></script>' for name in scripts),
            main=main,
        )

    def _address(self, root: str, name: str) -> str:
        return f"{root}assets/{self._assets[name].digest}/{name}"


def plain_page(html: str, cache_control: str = _ASK_EACH_TIME) -> Document:
    """A page that is text alone, in both languages."""
    return _page(html, _PLAIN_POLICY, "lt, en", cache_control)


def _page(html: str, policy: str, languages: str, cache_control: str = _ASK_EACH_TIME) -> Document:
    return Document(
        html.encode(),
        _MEDIA_TYPES["html"],
        cache_control,
        content_language=languages,
        content_security_policy=policy,
        referrer_policy="no-referrer",
    )


def install(app: FastAPI, *, problems: Mapping[str, Documented]) -> None:
    """Add the pages to an app that was made with `docs_url=None, redoc_url=None, openapi_url=None`.

    `problems`: by code.
    """
    assets = _assets()
    pages = app.state.pages = Pages(assets)
    swagger_page = _page(pages.swagger(), _SWAGGER_POLICY, "en")
    redoc_page = _page(pages.redoc(), _REDOC_POLICY, "en")
    problem_pages = {code: plain_page(pages.problem(code, problem)) for code, problem in problems.items()}

    @cache
    def description() -> Document:
        return Document(openapi.text(app).encode(), _MEDIA_TYPES["json"], _ASK_EACH_TIME, content_language="en")

    # Plain functions, which run beside the event loop: the first answer of each document compresses it.
    def described(request: Request) -> Response:
        return description().answer(request)

    def swagger(request: Request) -> Response:
        return swagger_page.answer(request)

    def redoc(request: Request) -> Response:
        return redoc_page.answer(request)

    def asset(request: Request) -> Response:
        document = assets.get(request.path_params["name"])
        if document is None or document.digest != request.path_params["digest"]:
            raise HTTPException(404)
        return document.answer(request)

    def problem(request: Request) -> Response:
        document = problem_pages.get(request.path_params["code"])
        if document is None:
            raise HTTPException(404)
        return document.answer(request)

    for path, endpoint in (
        ("/openapi.json", described),
        ("/docs", swagger),
        ("/redoc", redoc),
        ("/assets/{digest}/{name}", asset),
        ("/problems/{code}", problem),
    ):
        app.add_route(path, endpoint, methods=["GET"], include_in_schema=False)
