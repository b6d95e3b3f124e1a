"""Events as they cross the wire: in the feed, in streams and in webhooks alike."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from programme.rules.events import READ_WITH, TYPES
from schemas.base import Answer, Id, Moment
from schemas.page import Several


def _known_type(value: str) -> str:
    if value not in TYPES:
        raise PydanticCustomError("unknown_event_type", "There is no such type of event.")
    return value


def _known_resource(value: str) -> str:
    if value not in READ_WITH:
        raise PydanticCustomError("unknown_resource_type", "There is no such kind of resource.")
    return value


EventType = TypeAliasType(
    "EventType",
    Annotated[
        str,
        AfterValidator(_known_type),
        WithJsonSchema(
            {
                "type": "string",
                "description": "A type of event. There will be more of them.",
                "enum": list(TYPES),
                "examples": ["certificate.granted"],
            }
        ),
    ],
)
"""As it stands in a question; in an answer it is any text, as there will be more."""

ResourceType = Annotated[
    str, AfterValidator(_known_resource), WithJsonSchema({"type": "string", "enum": list(READ_WITH)})
]

_CERTIFICATE = "019ab2c4-0000-7000-8000-000000000001"


class EventActor(Answer):
    """Who did it: a client, or the service itself. Never a person's name."""

    type: str = Field(description="`client`, `worker` or `system`.", examples=["client"])
    id: str = Field(examples=["019ab2c4-0000-7000-8000-00000000000a"])


class EventResource(Answer):
    """What it was done to. `version` is the one that the event led to: 1, 2, 3… of the resource without a gap."""

    type: str = Field(examples=["certificate"])
    id: UUID = Field(examples=[_CERTIFICATE])
    version: int = Field(examples=[4])


class Event(Answer):
    """One change of one resource. Folding `data` of a resource's events in their order, each over the one before, gives
    its stored fields; what is derived from a day (a status, a flag) never appears, and nothing personal."""

    id: UUID
    type: str = Field(
        description="The resource and what happened to it, in the past tense; all types are among the webhooks.",
        examples=["certificate.suspended"],
    )
    occurred_at: Moment = Field(description="When it was recorded.")
    effective_on: date = Field(description="The day of its legal effect, in Lithuania; it may lie before or ahead.")
    actor: EventActor
    request_id: str | None = Field(description="Of the request that made the change; null for the worker's.")
    organisation_id: UUID | None = Field(description="Whose it is; null for what belongs to the programme.")
    resource: EventResource
    data: dict[str, Any] = Field(
        description="New values of the stored public fields that changed; of the first event all of them. Their shape is "
        "the one of `CertificateEventData` and its like.",
        examples=[{"suspended_from": "2026-11-20", "review_by": "2027-05-20"}],
    )
    previous: dict[str, Any] = Field(
        description="The same fields before; empty for the first event.",
        examples=[{"suspended_from": None, "review_by": None}],
    )


class Feed(Answer):
    """What happened behind a place in the feed, oldest first."""

    items: list[Event]
    next_cursor: str = Field(
        description="Where to read on: give it as `after`. It is never null; keep it together with what you made of the items."
    )
    has_more: bool = Field(description="Whether there is more to read at once; else ask again later.")


class FeedQuery(BaseModel):
    """Where to read on, and what of."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    after: Annotated[
        str | None,
        Field(
            max_length=500,
            description="`next_cursor` of the answer before, or `Feed-Cursor` of a snapshot; from the beginning where it is left out.",
        ),
    ] = None
    limit: Annotated[int, Field(ge=1, le=1000, description="How many events an answer has at most.")] = 100
    type: Several[EventType] | None = Field(default=None, description="Types of event, separated by commas.")
    resource_type: Several[ResourceType] | None = Field(
        default=None, description="Kinds of resource, separated by commas."
    )
    resource_id: Id | None = None
    organisation_id: Id | None = None

    def filters(self) -> dict[str, Any]:
        return self.model_dump(exclude={"after", "limit"}, exclude_none=True)
