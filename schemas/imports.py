"""Files that are brought in, as they cross the wire."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from programme.inbound import Format
from programme.rules.imports import Kind, RowStatus, State
from schemas.base import ActionRead, Answer, BilingualText, Code, Line
from schemas.page import PageQuery, Several


class ImportNew(BaseModel):
    """What the file is; the file itself is the body. The door refuses other parameters than these and its own."""

    model_config = ConfigDict(hide_input_in_errors=True)

    kind: Kind = Field(description="What the file holds.", examples=["criteria"])
    standard_version: Code = Field(description="The version whose texts they are.", examples=["EQUASS-2018"])
    file_name: Line | None = Field(
        default=None, description="What the file is called, for whoever reads the report.", examples=["kriterijai.xlsx"]
    )


class Counts(Answer):
    """How many rows there are of each status."""

    new: int
    changed: int
    same: int
    unknown: int
    error: int


class Import(Answer):
    """A file that was brought in and held against a version. Nothing has changed until it is committed."""

    id: UUID
    kind: Kind
    standard: str = Field(examples=["EQUASS"])
    standard_version: str = Field(examples=["EQUASS-2018"])
    file_name: str | None = Field(examples=["kriterijai.xlsx"])
    format: Format
    sha256: str = Field(description="Of the file, which itself is not kept.")
    state: State
    counts: Counts = Field(examples=[{"new": 0, "changed": 48, "same": 2, "unknown": 0, "error": 0}])
    missing: list[str] = Field(
        description="Criteria of the version that the file says nothing of; they have to be there the first time, as the "
        "version's criteria are called the owner's own afterwards.",
        examples=[["3.2"]],
    )
    staged_at: datetime
    staged_by: UUID | None = Field(description="The client; null where it was a command.")
    committed_at: datetime | None
    version: int
    actions: list[ActionRead] = Field(default=[], description="On single imports; in lists with `include=actions`.")


class ImportQuery(PageQuery):
    """Filters of the list of imports; sorts: `staged_at`."""

    kind: Several[Kind] | None = None
    state: Several[State] | None = None
    standard_version: Several[str] | None = None


class TextChange(Answer):
    """A text that the row would change; null where there is none."""

    field: str = Field(examples=["/title/lt"])
    before: str | None = Field(examples=["Vizija ir misija"])
    after: str | None = Field(examples=["Vizija, misija ir vertybės"])


class RowError(Answer):
    """What is wrong in a row. `pointer`: into the entry."""

    pointer: str = Field(examples=["/title/en"])
    code: str = Field(examples=["missing"])
    message: BilingualText = Field(examples=[{"lt": "Šis laukas privalomas.", "en": "This field is required."}])


class ImportRow(Answer):
    """One row of the file and what it would do: `new`, `changed`, `same`, `unknown` (the version has no such number and
    takes none) or `error`."""

    place: int = Field(
        description="The row of the sheet, whose heading is the first, or the entry of the list, from 1."
    )
    status: RowStatus
    number: str | None = Field(description="Of a criterion, or of a principle.", examples=["3.2"])
    title: BilingualText | None
    text: BilingualText | None = Field(description="Of a principle: its description.")
    changes: list[TextChange]
    errors: list[RowError]


class ImportRowQuery(PageQuery):
    """Filters of the list of rows; sorts: `place`."""

    status: Several[RowStatus] | None = None
