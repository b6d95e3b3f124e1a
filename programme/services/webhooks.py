"""What can be done with endpoints and deliveries, and how events become deliveries."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select

from programme.database import Connection, Database
from programme.errors import FieldError, Invalid, NotAllowed, NotFound
from programme.outbound.webhooks import leads_astray
from programme.queries import events as feed
from programme.queries import views
from programme.queries import webhooks as query
from programme.queries.events import Place
from programme.queries.webhooks import WEBHOOK_ENDPOINTS
from programme.rules.events import readable
from programme.rules.lifecycle import REFUSED, Role
from programme.rules.sight import SEES, Sight
from programme.rules.webhooks import DELIVERED, DISABLED, OVERLAP, DeliveryState, DisabledFor, Network, State
from programme.sealing import Seal
from programme.sentences import Sentence
from programme.services.moves import judge
from programme.tables import WebhookDelivery, WebhookEndpoint, WebhookMessage
from programme.work import SYSTEM, WORKER, Actor, Work, begin

PURPOSE = "webhook secret"
"""What the seal of secrets is made for."""

MOST = 20
"""Endpoints of one client."""

BATCH = 500
"""Events that become deliveries in one transaction."""

ADDRESS_REFUSED = Sentence(
    lt="Į šį adresą pranešimai nesiunčiami: reikia https adreso viešajame internete, prievado 443 arba 8443.",
    en="Webhooks do not go to this address: it has to be an https address on the public internet, port 443 or 8443.",
)
TOO_MANY = Sentence(
    lt="Klientas gali turėti ne daugiau kaip {most} gavimo adresų.", en="A client can have {most} endpoints at most."
)


def new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


async def check_address(url: str, nets: Sequence[Network]) -> None:
    """Refuses an address that webhooks may not go to. It may ask a name server: not while rows are held."""
    if await leads_astray(url, nets):
        raise Invalid(FieldError("/url", "address_not_allowed", ADDRESS_REFUSED))


async def add(work: Work, seal: Seal, **particulars: Any) -> tuple[WebhookEndpoint, str]:
    """A new endpoint of whoever acts, and its secret, told here once."""
    client_id = work.actor.client_id
    if client_id is None:
        raise LookupError("only a client has endpoints")
    have = select(func.count()).where(WebhookEndpoint.client_id == client_id)
    if (await work.session.scalar(have) or 0) >= MOST:
        raise NotAllowed(TOO_MANY, facts={"most": MOST})
    endpoint_id, secret = uuid4(), new_secret()
    endpoint = WebhookEndpoint(
        id=endpoint_id,
        client_id=client_id,
        organisation_id=work.actor.organisation_id,
        state=State.ENABLED,
        secret=seal.close(secret.encode(), str(endpoint_id)),
        **particulars,
    )
    return await work.add(endpoint, "webhook_endpoint.added"), secret


async def amend(work: Work, endpoint_id: UUID, **changes: Any) -> WebhookEndpoint:
    endpoint = await work.take(WebhookEndpoint, endpoint_id)
    endpoint.assign(changes)
    await work.record("webhook_endpoint.amended", endpoint)
    return endpoint


async def remove(work: Work, endpoint_id: UUID) -> None:
    """The endpoint goes, with what was to be delivered to it."""
    await work.remove(await work.take(WebhookEndpoint, endpoint_id), "webhook_endpoint.removed")


async def enable(work: Work, endpoint_id: UUID) -> WebhookEndpoint:
    """What happens from now on is delivered again, and what is still pending; `recover` brings what was missed."""
    endpoint = await work.take(WebhookEndpoint, endpoint_id)
    move = await judge(work, WEBHOOK_ENDPOINTS, endpoint.id, "enable")
    endpoint.state, endpoint.disabled_for, endpoint.failing_since = State.ENABLED, None, None
    await work.record(move.event, endpoint)
    return endpoint


async def disable(work: Work, endpoint_id: UUID, why: DisabledFor = DisabledFor.BY_OWNER) -> WebhookEndpoint:
    endpoint = await work.take(WebhookEndpoint, endpoint_id)
    move = await judge(work, WEBHOOK_ENDPOINTS, endpoint.id, "disable")
    endpoint.state, endpoint.disabled_for = State.DISABLED, why
    await work.record(move.event, endpoint)
    return endpoint


async def give_up(database: Database, endpoint_id: UUID, why: DisabledFor) -> None:
    """The relay's: an endpoint that is gone or takes nothing. Its owner reads of it in the feed."""
    async with begin(database, WORKER) as work:
        state = await work.session.scalar(select(WebhookEndpoint.state).where(WebhookEndpoint.id == endpoint_id))
        if state == State.ENABLED:
            await disable(work, endpoint_id, why)


async def rotate_secret(work: Work, seal: Seal, endpoint_id: UUID) -> tuple[WebhookEndpoint, str]:
    """A new secret, told here once. The one before it signs along for a day, so that the receiver can change over."""
    endpoint = await work.take(WebhookEndpoint, endpoint_id)
    secret = new_secret()
    now = (await work.session.scalars(select(func.clock_timestamp()))).one()
    endpoint.earlier_secret, endpoint.earlier_secret_until = endpoint.secret, now + OVERLAP
    endpoint.secret = seal.close(secret.encode(), str(endpoint.id))
    endpoint.rotations += 1
    await work.record("webhook_endpoint.secret_rotated", endpoint)
    return endpoint, secret


async def recover(work: Work, endpoint_id: UUID, since: datetime) -> int:
    """Delivers anew what happened from the moment on and was not taken; how many deliveries that makes."""
    endpoint = await _enabled(work, endpoint_id)
    connection = await work.connection()
    start = await feed.place_of(connection, query.SINCE, since)
    until = await feed.place_of(connection, feed.NEWEST)
    told = await _Owner.of(connection, await connection.fetchrow(query.ENABLED, work.today, endpoint.id))
    found = await told.between(connection, start, until) if told is not None else []
    ids = [row["id"] for row in found]
    await _keep(connection, [(endpoint.id, row["id"], row["type"]) for row in found])
    await connection.execute(query.RECOVER, endpoint.id, ids)
    await work.record("webhook_endpoint.recovered", endpoint)
    return len(ids)


async def send_example(work: Work, endpoint_id: UUID, body: str, event_type: str) -> WebhookDelivery:
    """A delivery of something that did not happen, to try the receiver with."""
    endpoint = await _enabled(work, endpoint_id)
    message = WebhookMessage(body=body)
    work.session.add(message)
    await work.session.flush()
    delivery = WebhookDelivery(endpoint_id=endpoint.id, message_id=message.id, type=event_type)
    work.session.add(delivery)
    await work.record("webhook_endpoint.example_sent", endpoint)
    return delivery


async def resend(work: Work, delivery_id: UUID) -> WebhookDelivery:
    """One message that was not taken is due now, with all its attempts before it."""
    delivery = await work.session.get(WebhookDelivery, delivery_id, with_for_update=True, populate_existing=True)
    if delivery is None:
        raise NotFound
    endpoint = await _enabled(work, delivery.endpoint_id)
    if delivery.state == DeliveryState.DELIVERED:
        raise NotAllowed(REFUSED, reasons=[DELIVERED])
    delivery.state, delivery.attempts = DeliveryState.PENDING, 0
    delivery.next_attempt_at = (await work.session.scalars(select(func.clock_timestamp()))).one()
    await work.record("webhook_endpoint.resent", endpoint)
    return delivery


async def _enabled(work: Work, endpoint_id: UUID) -> WebhookEndpoint:
    endpoint = await work.take(WebhookEndpoint, endpoint_id)
    if endpoint.state != State.ENABLED:
        raise NotAllowed(REFUSED, reasons=[DISABLED])
    return endpoint


class _Owner:
    """The client behind an endpoint, with what it may be told: the feed's own conditions."""

    def __init__(self, row: Any, organisations: Sequence[UUID]) -> None:
        self.endpoint_id: UUID = row["id"]
        role = Role(row["role"])
        actor = Actor("client", str(row["client"]), role, row["organisation_id"], frozenset(row["scopes"]))
        sight = Sight(role, row["client"], frozenset(organisations))
        filters = {"type": row["event_types"], "watch": row["watch"]}
        filters = {name: value for name, value in filters.items() if value}
        self.sees, self.conditions = sight.sees, frozenset(filters)
        self.may = actor.may("events.read") and actor.may("webhooks.read")
        self.given = {**filters, **sight.values, "readable": readable(actor.may)}

    @classmethod
    async def of(cls, connection: Connection, row: Any) -> _Owner | None:
        """None where there is no such endpoint, or its client has ended or may not be told of events."""
        if row is None:
            return None
        sees = SEES[Role(row["role"])]
        owner = cls(row, await connection.fetchval(query.KNOWN, sees, row["client"], row["organisation_id"]) or [])
        return owner if owner.may else None

    async def between(self, connection: Connection, after: Place, until: Place) -> list[Any]:
        statement = feed.between_statement(self.conditions, self.sees)
        place = {"era": after.era, "xact": str(after.xact), "seq": after.seq}
        upto = {"to_era": until.era, "to_xact": str(until.xact), "to_seq": until.seq}
        return await views.rows(connection, statement, **place, **upto, **self.given)

    async def among(self, connection: Connection, ids: Sequence[UUID]) -> set[UUID]:
        statement = feed.among_statement(self.conditions, self.sees)
        return {row["id"] for row in await views.rows(connection, statement, ids=list(ids), **self.given)}


async def fan_out(database: Database) -> bool:
    """Makes deliveries of the next events; whether there may be more. Of several workers one does it at a time."""
    async with begin(database, SYSTEM) as work:
        connection = await work.connection()
        stands = await connection.fetchrow(query.STANDS)
        if stands is None:
            return False
        after = Place(stands["era"], int(stands["xact"]), stands["seq"])
        endpoints = await connection.fetch(query.ENABLED, work.today, None)
        if not endpoints:
            until = max(after, await feed.place_of(connection, feed.NEWEST))
            more = False
        else:
            ahead = await connection.fetch(feed.NEXT, after.era, str(after.xact), after.seq, BATCH)
            if not ahead:
                return False
            until = Place(ahead[-1]["era"], int(ahead[-1]["xact"]), ahead[-1]["seq"])
            more = len(ahead) == BATCH
            deliveries = []
            for row in endpoints:
                owner = await _Owner.of(connection, row)
                if owner is not None:
                    found = await owner.between(connection, after, until)
                    deliveries += [(owner.endpoint_id, one["id"], one["type"]) for one in found]
            await _keep(connection, deliveries)
        if until != after:
            await connection.execute(query.MOVE_ON, until.era, str(until.xact), until.seq)
        return more


async def _keep(connection: Connection, deliveries: Sequence[tuple[UUID, UUID, str]]) -> None:
    if not deliveries:
        return
    ids = list(dict.fromkeys(event_id for _, event_id, _ in deliveries))
    bodies = await views.rows(connection, feed.BODIES, ids=ids)
    await connection.execute(query.KEEP_MESSAGES, [row["id"] for row in bodies], [row["body"] for row in bodies])
    await connection.execute(query.FAN_OUT, *map(list, zip(*deliveries, strict=True)))


async def still_told(connection: Connection, today: Any, endpoint_id: UUID, ids: Sequence[UUID]) -> set[UUID] | None:
    """Of these events those that the endpoint's owner may still be told; None where it may not be told of any."""
    owner = await _Owner.of(connection, await connection.fetchrow(query.ENABLED, today, endpoint_id))
    return None if owner is None else await owner.among(connection, ids)
