"""/v1/webhook-endpoints and /v1/webhook-deliveries: who is told of events by post, and what came of it."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Body, Query, Request
from starlette.responses import Response

from api import answers
from api.deps import Reading, Writing, reads, writes
from api.resources import Resource
from programme.errors import NotFound
from programme.outbound.webhooks import networks
from programme.queries import views
from programme.queries.webhooks import WEBHOOK_DELIVERIES, WEBHOOK_ENDPOINTS
from programme.sealing import Seal
from programme.services import webhooks
from programme.settings import Settings
from schemas import webhooks as wire
from schemas.base import Id, Nothing
from schemas.page import Page

router = Resource("/v1/webhook-endpoints", "webhooks")
deliveries = Resource("/v1/webhook-deliveries", "webhooks")

Reader = Annotated[Reading, reads("webhooks.read", sandboxed=False)]
Writer = Annotated[Writing, writes("webhooks.write", sandboxed=False)]
Maker = Annotated[Writing, writes("webhooks.write", versioned=False, sandboxed=False)]


def _seal(request: Request) -> Seal:
    settings: Settings = request.app.state.settings
    return Seal(settings.secret, webhooks.PURPOSE)


async def _check(request: Request, url: str) -> None:
    settings: Settings = request.app.state.settings
    await webhooks.check_address(url, networks(settings.webhook_allowed_nets))


@router.get("", response_model=Page[wire.WebhookEndpoint], summary="List webhook endpoints")
async def list_webhook_endpoints(door: Reader, asked: Annotated[wire.WebhookEndpointQuery, Query()]) -> Response:
    """The caller's endpoints, oldest first; coordinator and operators see all."""
    return await answers.page(door, WEBHOOK_ENDPOINTS, asked, asked.filters("state", "client_id", "organisation_id"))


@router.post("", response_model=wire.WebhookEndpointShown, status_code=201, summary="Add a webhook endpoint")
async def add_webhook_endpoint(door: Maker, body: wire.WebhookEndpointNew) -> Response:
    """From now on what happens is posted there, signed as Standard Webhooks 1.0: the body is the item of the feed. The
    secret is shown this once; sent again with the same `Idempotency-Key`, the answer comes without it."""
    await _check(door.request, body.url)
    made, secret = await webhooks.add(door.work, _seal(door.request), **body.model_dump())
    return await answers.changed(door, WEBHOOK_ENDPOINTS, made.id, status=201, secret={"secret": secret})


@router.get("/{endpoint_id}", response_model=wire.WebhookEndpoint, summary="Read a webhook endpoint")
async def get_webhook_endpoint(door: Reader, endpoint_id: Id) -> Response:
    """One endpoint with what may be done with it (`actions`)."""
    return await answers.single(door, WEBHOOK_ENDPOINTS, endpoint_id)


@router.patch("/{endpoint_id}", response_model=wire.WebhookEndpoint, summary="Change a webhook endpoint")
async def change_webhook_endpoint(door: Writer, endpoint_id: Id, body: wire.WebhookEndpointChange) -> Response:
    """Changes what is named and keeps the rest (JSON merge patch). What is pending goes to the new address."""
    changes = body.changes()
    if "url" in changes:
        await _check(door.request, changes["url"])
    await webhooks.amend(door.work, endpoint_id, **changes)
    return await answers.changed(door, WEBHOOK_ENDPOINTS, endpoint_id)


@router.delete("/{endpoint_id}", status_code=204, response_class=Response, summary="Remove a webhook endpoint")
async def remove_webhook_endpoint(door: Writer, endpoint_id: Id) -> Response:
    """Nothing is posted there any more; its deliveries go with it."""
    await webhooks.remove(door.work, endpoint_id)
    return await answers.removed(door)


@router.post("/{endpoint_id}/enable", response_model=wire.WebhookEndpoint, summary="Enable a webhook endpoint")
async def enable_webhook_endpoint(
    door: Writer, endpoint_id: Id, body: Annotated[Nothing, Body(default_factory=Nothing)]
) -> Response:
    """Goes on with what is pending and with what happens from now on; `recover` brings what happened meanwhile."""
    await webhooks.enable(door.work, endpoint_id)
    return await answers.changed(door, WEBHOOK_ENDPOINTS, endpoint_id)


@router.post("/{endpoint_id}/disable", response_model=wire.WebhookEndpoint, summary="Disable a webhook endpoint")
async def disable_webhook_endpoint(
    door: Writer, endpoint_id: Id, body: Annotated[Nothing, Body(default_factory=Nothing)]
) -> Response:
    """Nothing is posted there until it is enabled again. The service does the same by itself where the endpoint answers
    410, or took nothing for five days."""
    await webhooks.disable(door.work, endpoint_id)
    return await answers.changed(door, WEBHOOK_ENDPOINTS, endpoint_id)


@router.post("/{endpoint_id}/rotate-secret", response_model=wire.WebhookEndpointShown, summary="Rotate a secret")
async def rotate_webhook_secret(
    door: Writer, endpoint_id: Id, body: Annotated[wire.SecretRotation, Body(default_factory=wire.SecretRotation)]
) -> Response:
    """A new secret, shown this once. For a day both sign, in one header, so that the receiver can change over."""
    _, secret = await webhooks.rotate_secret(door.work, _seal(door.request), endpoint_id)
    return await answers.changed(door, WEBHOOK_ENDPOINTS, endpoint_id, secret={"secret": secret})


@router.post("/{endpoint_id}/recover", response_model=wire.Recovered, summary="Deliver what was missed")
async def recover_webhooks(door: Maker, endpoint_id: Id, body: wire.Recovery) -> Response:
    """Events recorded since the moment that the endpoint has not taken are delivered anew, also those for which all
    attempts are used up. What was taken is not repeated."""
    count = await webhooks.recover(door.work, endpoint_id, body.since)
    return await answers.untagged(door, answers.as_json({"deliveries": count}))


@router.post(
    "/{endpoint_id}/send-example", response_model=wire.WebhookDelivery, status_code=201, summary="Send an example"
)
async def send_webhook_example(door: Maker, endpoint_id: Id, body: wire.Example) -> Response:
    """Posts an event of the type that did not happen, with ids that mean nothing, to try the receiver with."""
    example = {
        "id": str(uuid4()), "type": body.type, "occurred_at": door.work.now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "effective_on": door.work.today.isoformat(),
        "actor": {"type": door.work.actor.type, "id": door.work.actor.id}, "request_id": door.caller.request_id,
        "organisation_id": None,
        "resource": {"type": body.type.partition(".")[0], "id": str(UUID(int=0)), "version": 1},
        "data": {}, "previous": {},
    }  # fmt: skip
    made = await webhooks.send_example(door.work, endpoint_id, answers.as_json(example), body.type)
    return await _delivery(door, made.id, status=201)


@deliveries.get("", response_model=Page[wire.WebhookDelivery], summary="List webhook deliveries")
async def list_webhook_deliveries(door: Reader, asked: Annotated[wire.WebhookDeliveryQuery, Query()]) -> Response:
    """What was to be delivered to the caller's endpoints, the newest first, with every attempt."""
    filters = asked.filters("endpoint_id", "message_id", "state", "type", "created_at_gte", "created_at_lte")
    return await answers.page(door, WEBHOOK_DELIVERIES, asked, filters)


@deliveries.get("/{delivery_id}", response_model=wire.WebhookDelivery, summary="Read a webhook delivery")
async def get_webhook_delivery(door: Reader, delivery_id: Id) -> Response:
    """One delivery with its message and every attempt."""
    return await answers.single(door, WEBHOOK_DELIVERIES, delivery_id)


@deliveries.post("/{delivery_id}/resend", response_model=wire.WebhookDelivery, summary="Deliver once more")
async def resend_webhook(
    door: Maker, delivery_id: Id, body: Annotated[wire.Resending, Body(default_factory=wire.Resending)]
) -> Response:
    """A message that was not taken is due at once, and has all its attempts before it again."""
    await webhooks.resend(door.work, delivery_id)
    return await _delivery(door, delivery_id)


async def _delivery(door: Writing, delivery_id: UUID, *, status: int = 200) -> Response:
    statement = views.single_statement(WEBHOOK_DELIVERIES, "id", (), door.caller.sight.sees)
    given = {"today": door.caller.today, **door.caller.sight.values}
    row = await views.one(await door.work.connection(), statement, key=delivery_id, **given)
    if row is None:
        raise NotFound
    return await answers.untagged(door, row["body"], status, f"/v1/webhook-deliveries/{delivery_id}")
