"""What every body shares: strict types, unknown fields refused, text kept in NFC without what a reader cannot see."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from programme.rules.texts import LONGEST_LINE, LONGEST_PROSE, UNSEEN

EARLIEST, LATEST = date(1990, 1, 1), date(2199, 12, 31)
"""Days outside these bounds are slips of the pen."""

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})", re.ASCII
)
_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


def _day(value: Any) -> Any:
    if isinstance(value, date):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("date_malformed", "A day is written as YYYY-MM-DD.")
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("date_malformed", "There is no such day.") from None
    if not EARLIEST <= day <= LATEST:
        raise PydanticCustomError("date_out_of_range", "The day is outside the years 1990 to 2199.")
    return day


def _moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise PydanticCustomError("moment_malformed", "A moment is written as RFC 3339 with an offset.")
    try:
        moment = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        raise PydanticCustomError("moment_malformed", "There is no such moment.") from None
    if not EARLIEST <= moment.date() <= LATEST:
        raise PydanticCustomError("date_out_of_range", "The moment is outside the years 1990 to 2199.")
    return moment


def _id(value: Any) -> Any:
    if isinstance(value, UUID):
        return value
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise PydanticCustomError("id_malformed", "An id is a UUID in its usual form.")
    return UUID(value)


def _visible(value: str) -> str:
    if UNSEEN.search(value):
        raise PydanticCustomError("invisible_characters", "The text has characters that cannot be seen.")
    return unicodedata.normalize("NFC", value).strip()


def _one_line(value: str) -> str:
    if "\n" in value or "\t" in value:
        raise PydanticCustomError("more_than_one_line", "The text has to be one line.")
    return value


def _not_blank(value: str) -> str:
    if not value:
        raise PydanticCustomError("blank", "The text is blank.")
    return value


def _exact(value: float) -> float:
    if round(value, 4) != value:
        raise PydanticCustomError("too_many_decimals", "The number has more than four decimals.")
    return value


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A calendar day in Lithuania."""

PastMoment = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
"""A moment in a question, with its offset."""

Id = Annotated[UUID, BeforeValidator(_id), WithJsonSchema({"type": "string", "format": "uuid"})]

Line = Annotated[
    str, Field(strict=True, min_length=1, max_length=LONGEST_LINE), AfterValidator(_visible), AfterValidator(_one_line),
    AfterValidator(_not_blank),
]  # fmt: skip
LongLine = Annotated[
    str, Field(strict=True, min_length=1, max_length=2000), AfterValidator(_visible), AfterValidator(_one_line),
    AfterValidator(_not_blank),
]  # fmt: skip
"""A line that may hold an address."""

Prose = Annotated[
    str,
    Field(strict=True, min_length=1, max_length=LONGEST_PROSE),
    AfterValidator(_visible),
    AfterValidator(_not_blank),
]
Reference = Annotated[
    str,
    Field(
        strict=True,
        min_length=1,
        max_length=60,
        pattern=r"^[0-9A-Za-zĄČĘĖĮŠŲŪŽąčęėįšųūž][0-9A-Za-zĄČĘĖĮŠŲŪŽąčęėįšųūž ./_-]*$",
    ),
    AfterValidator(_visible),
]
"""A number or mark that somebody's office gave: kept as given, never parsed."""

Code = Annotated[str, Field(strict=True, min_length=1, max_length=60, pattern=r"^[A-Z0-9][A-Z0-9._-]*$")]
Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Amount = Annotated[float, Field(strict=True, ge=-1e12, le=1e12, allow_inf_nan=False), AfterValidator(_exact)]
"""A measured number, with as many decimals as can be kept exactly."""

Moment = AwareDatetime


class Body(BaseModel):
    """What a caller sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    def changes(self) -> dict[str, Any]:
        """What a JSON merge patch names: of objects only the named members, lists whole."""
        whole = self.model_dump()
        named = {name: getattr(self, name) for name in self.model_fields_set}
        return {name: value.changes() if isinstance(value, Body) else whole[name] for name, value in named.items()}


class Nothing(Body):
    """What a move that has nothing to say is sent with."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class Answer(BaseModel):
    """What the service sends. What it leaves out is not there, and not some default."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_without_defaults)


class Bilingual(Body):
    """Text in Lithuanian and English."""

    lt: Line
    en: Line


class BilingualText(Answer):
    lt: str
    en: str


class Scope(Body):
    """What it is about: kinds of service (codes of `/v1/service-types`) at sites (ids); empty means the whole
    organisation. `unit`: a part of it, in words."""

    services: Annotated[list[Code], Field(max_length=40)] = []
    sites: Annotated[list[Id], Field(max_length=100)] = []
    unit: Line | None = None


class ScopeRead(Answer):
    services: list[str] = Field(description="Codes of `/v1/service-types`; empty means all of the organisation's.")
    sites: list[UUID] = Field(description="Ids of the organisation's sites; empty means all of them.")
    unit: str | None = Field(description="A part of the organisation, in words.")


class Move(Body):
    """A move that says nothing but when."""

    effective_on: Day | None = Field(
        default=None,
        description="The day of the move: not ahead, and not before the last move's. Today where it is left out.",
        examples=["2026-11-20"],
    )


class ReasonRead(BaseModel):
    """One thing that stands in the way; further members are facts that a program needs, such as `opens_on`. `lifted_by`: the
    field of the body that answers it, so that the move is open to who gives it."""

    model_config = ConfigDict(extra="allow")

    code: str = Field(description="Stable and never translated.", examples=["window_not_open"])
    message: str = Field(description="In the caller's language.", examples=["Ataskaitą galima rengti nuo 2026-12-23."])


class StepRead(Answer):
    """One line of a rule: what it looked at, and what it decides."""

    code: str = Field(description="Stable and never translated.", examples=["within_notice"])
    message: str = Field(
        description="In the caller's language.",
        examples=[
            "Iki paskutinės galiojimo dienos liko ne daugiau kaip 180 d.: baigia galioti nuo 2027-08-25.",
        ],
    )
    values: dict[str, Any] = Field(
        description="The days, numbers and references that it looked at.",
        examples=[{"expiring_from": "2027-08-25", "expiring_days": 180}],
    )
    decides: str | None = Field(
        description="The status, state or flag that follows from it; null where the rule goes on.",
        examples=["expiring"],
    )


class Explained(Answer):
    """Why something is as it is on a day: the steps of the rule in their order."""

    id: UUID
    as_of: date = Field(description="The day that is judged.", examples=["2027-09-01"])
    known_at: Moment | None = Field(description="Only what was recorded by then was taken into account.")


class ActionRead(Answer):
    """A move that the caller's role can make, and whether it is open now."""

    name: str = Field(examples=["suspend"])
    allowed: bool
    reasons: list[ReasonRead] = Field(description="Why not; empty where it is allowed.")
    method: str = Field(examples=["POST"])
    href: str = Field(examples=["/v1/certificates/019ab2c4-0000-7000-8000-000000000001/suspend"])


def unchanged(**about: Any) -> Any:
    """A field of a PATCH body that keeps its value when it is left out, and cannot be emptied with null."""
    return Field(default_factory=lambda: None, **about)
