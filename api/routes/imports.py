"""/v1/imports: files of criteria, held against the version first and brought in as a whole afterwards."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Body, Query, Request
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from api.strict_json import UnsupportedBody, media_type
from programme.inbound import LARGEST, Format
from programme.queries.imports import IMPORT_ROWS, IMPORTS
from programme.services import imports
from schemas import imports as wire
from schemas.base import Id, Nothing
from schemas.page import Page

router = Resource("/v1/imports", "imports")

FORMATS: Final = {
    "text/csv": Format.CSV,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": Format.XLSX,
    "application/yaml": Format.YAML,
    "application/json": Format.JSON,
}
"""By the media type of the body."""

_BOTH = {"type": "object", "required": ["lt", "en"], "properties": {"lt": {"type": "string"}, "en": {"type": "string"}}}
_ENTRY = {
    "number": "1.1",
    "title": {"lt": "Vizija, misija ir vertybės", "en": "Vision, mission and values"},
    "text": {"lt": "Aprašyta ir žinoma darbuotojams.", "en": "Described, and known to staff."},
}
_LIST = {
    "type": "array",
    "minItems": 1,
    "items": {
        "type": "object",
        "required": ["number", "title"],
        "properties": {"number": {"type": "string"}, "title": _BOTH, "text": _BOTH},
    },
    "examples": [[_ENTRY]],
}
_SHEET = {
    "type": "string",
    "examples": [
        "number;title_lt;title_en\n1.1;Vizija, misija ir vertybės;Vision, mission and values\n",
    ],
}
_FILE = {
    "required": True,
    "content": {
        "text/csv": {"schema": _SHEET},
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
            "schema": {"type": "string", "format": "binary", "examples": ["kriterijai.xlsx"]}
        },
        "application/yaml": {"schema": _LIST},
        "application/json": {"schema": _LIST},
    },
}

Reader = Annotated[Reading, reads("imports.read")]
Plain = Annotated[Nothing, Body(default_factory=Nothing)]


@router.post(
    "",
    response_model=wire.Import,
    status_code=201,
    summary="Bring in a file",
    max_body_size=LARGEST,
    openapi_extra={"requestBody": _FILE},
)
async def stage_import(
    request: Request,
    door: Annotated[Writing, writes("imports.write", versioned=False)],
    asked: Annotated[wire.ImportNew, Query()],
) -> Response:
    """Reads the file, which is the body itself, and holds it against the version: nothing changes yet. Its rows
    (`/{import_id}/rows`) say what each would do, and `actions` whether all of it can be committed.

    A sheet (CSV, or the first one of an XLSX workbook) has a first row with the names `number`, `title_lt`, `title_en`
    and perhaps `text_lt`, `text_en`; YAML and JSON are a list of `{number, title{lt,en}, text{lt,en}}`. Numbers are text:
    "3.2" is a criterion, "3" a principle, with its name and description. Formulas are refused, as is what is larger than
    5 MB or has more than 10,000 rows."""
    format_ = FORMATS.get(media_type(request.headers.get("content-type", "")) or "")
    if format_ is None:
        raise UnsupportedBody({"Accept-Post": ", ".join(FORMATS)})
    made = await imports.stage(door.work, await request.body(), format=format_, **asked.model_dump())
    return await answers.changed(door, IMPORTS, made.id, status=201)


@router.get("", response_model=Page[wire.Import], summary="List imports")
async def list_imports(door: Reader, asked: Annotated[wire.ImportQuery, Query()]) -> Response:
    """Files that were brought in, the latest first."""
    return await answers.page(door, IMPORTS, asked, asked.filters("kind", "state", "standard_version"))


@router.get("/{import_id}", response_model=wire.Import, summary="Read an import")
async def get_import(door: Reader, import_id: Id) -> Response:
    """One import with the counts of its rows, and whether it can be committed (`actions`)."""
    return await answers.single(door, IMPORTS, import_id)


@router.get("/{import_id}/rows", response_model=Page[wire.ImportRow], summary="List an import's rows")
async def list_import_rows(door: Reader, import_id: Id, asked: Annotated[wire.ImportRowQuery, Query()]) -> Response:
    """Every row of the file in its order: what it says, what it would change, what is wrong with it. Of a committed
    import: what it did."""
    await answers.parent(door, IMPORTS, import_id)
    filters = {"import_id": import_id, **asked.filters("status")}
    return await answers.page(door, IMPORT_ROWS, asked, filters, path=f"/v1/imports/{import_id}/rows")


@router.post("/{import_id}/commit", response_model=wire.Import, summary="Commit an import")
async def commit_import(
    door: Annotated[Writing, writes("imports.commit", once=True)], import_id: Id, body: Plain
) -> Response:
    """Brings all of its texts into the version, or none, and calls the version's criteria the owner's own
    (`criteria_official`). Assessments keep the copies that they were planned with. While a version is in force only
    wording changes; criteria are added to drafts, and to a version that has none yet."""
    await imports.commit(door.work, import_id)
    return await answers.changed(door, IMPORTS, import_id)


@router.post("/{import_id}/discard", response_model=wire.Import, summary="Discard an import")
async def discard_import(door: Annotated[Writing, writes("imports.discard")], import_id: Id, body: Plain) -> Response:
    """It will not be committed any more. Its report stays on record."""
    await imports.discard(door.work, import_id)
    return await answers.changed(door, IMPORTS, import_id)
