"""Webhooks as they cross the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field

from programme.rules.webhooks import DeliveryState, DisabledFor, State
from schemas.base import ActionRead, Answer, Body, Id, Line, Moment, unchanged
from schemas.events import Event, EventType
from schemas.page import PageQuery, Several

Url = Annotated[str, Field(strict=True, min_length=1, max_length=1000)]
LegalCode = Annotated[str, Field(strict=True, pattern=r"^[0-9]{9}$", examples=["302791356"])]


class WebhookEndpointNew(Body):
    """Where events are to be posted. The secret that signs them is made by the service and shown once."""

    url: Url = Field(
        description="An https address on the public internet, port 443 or 8443.",
        examples=["https://pranesimai.example.lt/kokybe"],
    )
    description: Line | None = Field(default=None, examples=["Savivaldybės registras"])
    event_types: Annotated[
        list[EventType], Field(max_length=100, description="Only these types; empty: all that the client may read.")
    ] = []
    watch: Annotated[
        list[LegalCode],
        Field(max_length=1000, description="Only events of the organisations with these legal codes; empty: of all."),
    ] = []


class WebhookEndpointChange(Body):
    """New particulars; what is left out stays as it is."""

    url: Url = unchanged(examples=["https://pranesimai.example.lt/kokybe"])
    description: Line | None = None
    event_types: list[EventType] = unchanged(max_length=100)
    watch: list[LegalCode] = unchanged(max_length=1000)


class WebhookEndpointItem(Answer):
    """Where a client is told of events, as far as it may read them."""

    id: UUID
    client_id: UUID = Field(description="Whose it is, and whose rights decide what is told.")
    organisation_id: UUID | None = Field(description="Where a provider's client owns it.")
    url: str
    description: str | None
    event_types: list[str] = Field(description="Empty: all types.")
    watch: list[str] = Field(description="Legal codes of organisations; empty: all.")
    state: State
    disabled_for: DisabledFor | None = Field(description="Why it is disabled.")
    failing_since: Moment | None = Field(
        description="The first failure since anything was taken; five days later it is disabled."
    )
    earlier_secret_until: Moment | None = Field(description="Until then the secret before the last signs along.")
    created_at: Moment
    version: int


class WebhookEndpoint(WebhookEndpointItem):
    __doc__ = WebhookEndpointItem.__doc__

    actions: list[ActionRead] = Field(default=[], description="On single ones; in lists with `include=actions`.")


class WebhookEndpointShown(WebhookEndpoint):
    """An endpoint with its new secret."""

    secret: str | None = Field(
        description="`whsec_…`, shown this once; null where the same request is sent again.", examples=["whsec_…"]
    )


class WebhookEndpointQuery(PageQuery):
    """Filters of the list of endpoints; sorts: `id`, which is the order of their making."""

    state: Several[State] | None = None
    client_id: Id | None = None
    organisation_id: Id | None = None


class SecretRotation(Body):
    """Nothing has to be said."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})


class Recovery(Body):
    """From when on what was not taken is delivered anew."""

    since: Moment = Field(description="Events recorded from this moment on.", examples=["2026-11-19T08:00:00Z"])


class Recovered(Answer):
    """What a recovery set going."""

    deliveries: int = Field(description="How many events there are since then; those that were taken are not repeated.")


class Example(Body):
    """An example to be posted, of an event that did not happen."""

    type: EventType


class WebhookAttempt(Answer):
    """One attempt to deliver."""

    number: int
    attempted_at: Moment
    duration_ms: int
    status: int | None = Field(description="Of the answer; null where there was none.")
    error: str | None = Field(
        description="`status`, `timeout`, `connection`, `tls`, `unknown_host`, `address_not_allowed`; null where it was taken."
    )


class WebhookDelivery(Answer):
    """One message for one endpoint, with all attempts."""

    id: UUID
    endpoint_id: UUID
    message_id: UUID = Field(description="The `webhook-id` of every attempt; the id of the event.")
    type: str = Field(examples=["certificate.granted"])
    state: DeliveryState
    attempts: list[WebhookAttempt]
    created_at: Moment
    next_attempt_at: Moment | None = Field(description="Of a pending one.")
    delivered_at: Moment | None
    message: Event = Field(description="What is posted, the same bytes each time.")


class WebhookDeliveryQuery(PageQuery):
    """Filters of the list of deliveries, the newest first; sorts: `id`."""

    endpoint_id: Id | None = None
    message_id: Id | None = None
    state: Several[DeliveryState] | None = None
    type: Several[EventType] | None = None
    created_at_gte: datetime | None = Field(default=None, alias="created_at[gte]")
    created_at_lte: datetime | None = Field(default=None, alias="created_at[lte]")


class Resending(Body):
    """Nothing has to be said."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})
