"""Lists: the parameters that all of them take, and the page that they answer with."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from schemas.base import Answer, Day, PastMoment

T = TypeVar("T")


def _split(value: Any) -> Any:
    """`a,b` as it stands in an address, where it may also stand as `name=a&name=b`."""
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(one, str) for one in texts):
        return value
    return [part for one in texts for part in one.split(",") if part]


Several = Annotated[list[T], BeforeValidator(_split), Field(min_length=1, max_length=50)]
"""Values separated by commas, or each under its name, any of which may hold."""


class Filters(BaseModel):
    """Conditions in an address, each under the name that a `View` has it by. Names that are not listed are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, populate_by_name=False)

    def filters(self, *names: str) -> dict[str, Any]:
        """The values given for these fields, under the names that they have in an address."""
        fields = type(self).model_fields
        return {fields[name].alias or name: value for name in names if (value := getattr(self, name)) is not None}


class PageQuery(Filters):
    """What every list takes besides its own filters."""

    limit: Annotated[int, Field(ge=1, le=200, description="How many items a page has at most.")] = 50
    cursor: Annotated[
        str | None,
        Field(max_length=2000, description="`next_cursor` of the page before; for the same filters and sort."),
    ] = None
    sort: Annotated[
        str | None,
        Field(max_length=200, description="Names separated by commas, `-` before one for the largest first."),
    ] = None
    include: Annotated[
        str | None, Field(max_length=50, description="`total`, `actions`, or both separated by a comma.")
    ] = None
    fields: Annotated[
        str | None, Field(max_length=1000, description="Only these fields of each item, separated by commas.")
    ] = None
    expand: Annotated[
        str | None, Field(max_length=200, description="Related resources to read along, separated by commas.")
    ] = None


KNOWN_AT = (
    "Only what was recorded by this moment (RFC 3339, as `2026-11-22T10:00:00Z`), about the day `as_of` or, without one, "
    "the moment's own; without actions."
)


class PastFilters(Filters):
    """A question that is also answered for another day, and by what was known at an earlier moment."""

    as_of: Day | None = Field(
        default=None,
        description="Everything as it was, or will be, on this day, by what is known now; without actions.",
        examples=["2025-12-31"],
    )
    known_at: PastMoment | None = Field(default=None, description=KNOWN_AT, examples=["2026-01-15T10:00:00Z"])


class PastPageQuery(PastFilters, PageQuery):
    """A list of that kind."""


Search = Annotated[
    str, Field(min_length=1, max_length=200, description="Text to find, whatever its case and diacritics.")
]


class Page(Answer, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")
    total: int | None = Field(default=None, description="How many there are in all; with `include=total` only.")
