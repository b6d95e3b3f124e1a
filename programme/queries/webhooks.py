"""Reading endpoints and deliveries, and the statements of the relay: rows are the queue.

Whoever is at a delivery has written a token on its row, with a time at which it lapses; nothing is settled where the
token is not the same any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Uuid, any_, bindparam, cast, literal_column, select
from sqlalchemy.dialects.postgresql import JSON

from programme.queries.views import (
    IN_SIGHT,
    View,
    at_least,
    at_most,
    equals,
    json_list,
    json_object,
    moment,
    one_of,
)
from programme.rules.sight import Sees
from programme.rules.webhooks import LIFECYCLE, EndpointFacts
from programme.tables import WebhookAttempt, WebhookDelivery, WebhookEndpoint, WebhookMessage
from programme.work import Actor

_w, _d = WebhookEndpoint.__table__.c, WebhookDelivery.__table__.c
_m, _t = WebhookMessage.__table__.c, WebhookAttempt.__table__.c


def judge(row: Mapping[str, Any], _actor: Actor, _today: date) -> EndpointFacts:
    return EndpointFacts(state=row["state"])


_SEEN = {
    Sees.OWN: _w.organisation_id == any_(IN_SIGHT),
    **dict.fromkeys(
        (Sees.GRANTED, Sees.ASSIGNED, Sees.DOCKET, Sees.REGISTER, Sees.NOBODY),
        _w.client_id == bindparam("client", type_=Uuid),
    ),
}
"""Whose endpoints are seen; `tables.webhooks` says the same of one."""

WEBHOOK_ENDPOINTS = View(
    name="webhook_endpoints",
    source=WebhookEndpoint.__table__,
    id=_w.id,
    version=_w.version,
    fields={
        "id": _w.id,
        "client_id": _w.client_id,
        "organisation_id": _w.organisation_id,
        "url": _w.url,
        "description": _w.description,
        "event_types": _w.event_types,
        "watch": _w.watch,
        "state": _w.state,
        "disabled_for": _w.disabled_for,
        "failing_since": moment(_w.failing_since),
        "earlier_secret_until": moment(_w.earlier_secret_until),
        "created_at": moment(_w.created_at),
        "version": _w.version,
    },
    keys={"id": _w.id},
    filters={
        "state": one_of(_w.state, "state"),
        "client_id": equals(_w.client_id, "client_id"),
        "organisation_id": equals(_w.organisation_id, "organisation_id"),
    },
    sorts={"id": _w.id},
    default_sort="id",
    seen=_SEEN,
    facts={"state": _w.state},
    lifecycle=LIFECYCLE,
    judge=judge,
    moved_with="webhooks.write",
)

_ATTEMPT = {
    "number": _t.number, "attempted_at": moment(_t.attempted_at), "duration_ms": _t.duration_ms, "status": _t.status,
    "error": _t.error,
}  # fmt: skip
_TRIED = (
    select(json_list(json_object(_ATTEMPT), _t.number))
    .where(_t.delivery_id == _d.id)
    .correlate(WebhookDelivery.__table__)
    .scalar_subquery()
)

WEBHOOK_DELIVERIES = View(
    name="webhook_deliveries",
    source=WebhookDelivery.__table__.join(WebhookEndpoint.__table__, _w.id == _d.endpoint_id).join(
        WebhookMessage.__table__, _m.id == _d.message_id
    ),
    id=_d.id,
    version=_d.attempts + literal_column("1"),
    fields={
        "id": _d.id,
        "endpoint_id": _d.endpoint_id,
        "message_id": _d.message_id,
        "type": _d.type,
        "state": _d.state,
        "attempts": _TRIED,
        "created_at": moment(_d.created_at),
        "next_attempt_at": moment(_d.next_attempt_at),
        "delivered_at": moment(_d.delivered_at),
        "message": cast(_m.body, JSON),
    },
    keys={"id": _d.id},
    filters={
        "endpoint_id": equals(_d.endpoint_id, "endpoint_id"),
        "message_id": equals(_d.message_id, "message_id"),
        "state": one_of(_d.state, "state"),
        "type": one_of(_d.type, "type"),
        "created_at[gte]": at_least(_d.created_at, "created_at[gte]"),
        "created_at[lte]": at_most(_d.created_at, "created_at[lte]"),
    },
    sorts={"id": _d.id},
    default_sort="-id",
    seen=_SEEN,
)

# The relay's.

ENABLED = """
select endpoint.id, endpoint.event_types, endpoint.watch, client.role, client.id as client, client.organisation_id,
       client.scopes
  from webhook_endpoint as endpoint
  join client on client.id = endpoint.client_id
 where endpoint.state = 'enabled' and client.disabled_at is null
   and (client.expires_on is null or client.expires_on >= $1)
   and ($2::uuid is null or endpoint.id = $2)
"""
"""Endpoints that are told of events, with the clients that own them, as of the day $1; all, or the one $2."""

KNOWN = "select known_organisations($1, $2, $3)"

STANDS = "select era, xact::text, seq from webhook_place for update skip locked"

MOVE_ON = "update webhook_place set era = $1, xact = $2::text::xid8, seq = $3"

KEEP_MESSAGES = """
insert into webhook_message (id, body) select * from unnest($1::uuid[], $2::text[]) on conflict (id) do nothing
"""

FAN_OUT = """
insert into webhook_delivery (endpoint_id, message_id, type)
select * from unnest($1::uuid[], $2::uuid[], $3::text[]) on conflict (endpoint_id, message_id) do nothing
"""

RECOVER = """
update webhook_delivery
   set state = 'pending', attempts = 0, next_attempt_at = clock_timestamp(), lease_token = null, lease_until = null
 where endpoint_id = $1 and state <> 'delivered' and message_id = any ($2)
   and (lease_until is null or lease_until < clock_timestamp())
"""
"""Of the endpoint $1 the messages $2, but for those that somebody is at: what comes of them is settled as ever."""

SINCE = """
select era, xact::text, seq from event where occurred_at < $1 order by era desc, event.xact desc, seq desc limit 1
"""
"""The place before everything that was recorded from the moment on."""

NEWS = """
select exists (
    select from event, webhook_place as place
     where (event.era, event.xact, event.seq) > (place.era, place.xact, place.seq)
       and (event.era < (select max(number) from event_era) or event.xact < pg_snapshot_xmin(pg_current_snapshot())))
"""
"""Whether something happened of which no deliveries were made yet. Asked before the place is locked, which writes."""

DUE = """
select distinct endpoint_id from webhook_delivery
 where state = 'pending' and next_attempt_at <= clock_timestamp()
   and (lease_until is null or lease_until < clock_timestamp())
   and endpoint_id in (select id from webhook_endpoint where state = 'enabled')
"""

CLAIM = """
with due as (
    select id from webhook_delivery
     where endpoint_id = $1 and state = 'pending' and next_attempt_at <= clock_timestamp()
       and (lease_until is null or lease_until < clock_timestamp())
     order by next_attempt_at limit $3
       for update skip locked
),
claimed as (
    update webhook_delivery set lease_token = $2, lease_until = clock_timestamp() + make_interval(secs => $4)
     where id in (select id from due)
    returning id, message_id, attempts
)
select claimed.id, claimed.message_id, claimed.attempts, message.body, endpoint.url, endpoint.secret,
       exists (select from event where event.id = claimed.message_id) as happened,
       case when endpoint.earlier_secret_until > clock_timestamp() then endpoint.earlier_secret end as earlier_secret
  from claimed
  join webhook_message as message on message.id = claimed.message_id
  join webhook_endpoint as endpoint on endpoint.id = $1
 order by claimed.message_id
"""
"""Takes deliveries of the endpoint $1 under the token $2: at most $3 of them, for $4 seconds."""

SETTLE = """
with outcome as (
    select * from unnest($2::uuid[], $3::bool[], $4::int[], $5::text[], $6::int[], $7::float8[])
                  as o (id, delivered, status, error, duration_ms, wait_s)
),
moved as (
    update webhook_delivery as delivery
       set attempts = attempts + 1, lease_token = null, lease_until = null,
           state = case when outcome.delivered then 'delivered' when outcome.wait_s is null then 'failed'
                        else 'pending' end,
           delivered_at = case when outcome.delivered then clock_timestamp() end,
           next_attempt_at = case when not outcome.delivered then clock_timestamp() + make_interval(secs => wait_s) end
      from outcome
     where delivery.id = outcome.id and delivery.lease_token = $1 and delivery.state = 'pending'
    returning delivery.id, delivery.attempts, outcome.status, outcome.error, outcome.duration_ms
)
insert into webhook_attempt (delivery_id, number, attempted_at, duration_ms, status, error)
select id, (select coalesce(max(number), 0) + 1 from webhook_attempt where delivery_id = moved.id),
       clock_timestamp() - make_interval(secs => duration_ms / 1000.0), duration_ms, status, error
  from moved
"""
"""Keeps what came of the deliveries that are still under the token $1."""

RELEASE = "update webhook_delivery set lease_token = null, lease_until = null where lease_token = $1"

DROP = "delete from webhook_delivery where lease_token = $1 and id = any ($2)"
"""What the owner may not be told any more."""

STANDING = """
update webhook_endpoint set failing_since = case when $2 then null else coalesce(failing_since, clock_timestamp()) end
 where id = $1 and (failing_since is null) <> $2
"""
"""Whether the endpoint $1 took something just now ($2)."""

FAILING_FOR = "select extract(epoch from clock_timestamp() - failing_since)::float8 from webhook_endpoint where id = $1"
