"""Reading what happened: one order of all events, in which nothing that commits late comes to stand before what was
already given out.

Numbers of a sequence are given before a transaction commits: who reads on from the last one misses what commits later
under a smaller one. So events stand in the order of their transactions, and only those are read that are older than
every transaction still under way (`pg_snapshot_xmin`); of an era that has ended, all.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Integer,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, BIGINT

from programme.database import Connection
from programme.queries.findings import FINDINGS
from programme.queries.ratings import RATINGS
from programme.queries.views import (
    IN_SIGHT,
    Statement,
    View,
    compiled,
    equals,
    json_object,
    matching,
    moment,
    object_of,
    one_of,
    said,
)
from programme.rules.events import OPEN
from programme.rules.sight import Sees
from programme.tables import Event, EventEra, Organisation, WebhookEndpoint
from programme.tables.events import XID8

_e, _era = Event.__table__.c, EventEra.__table__.c
_o, _w = Organisation.__table__.c, WebhookEndpoint.__table__.c

BEGIN_ERA = """
insert into event_era (number, system_identifier, began_at)
select max(number) + 1, control.system_identifier, now()
  from event_era, pg_control_system() as control
 group by control.system_identifier
having (array_agg(event_era.system_identifier order by number desc))[1] <> control.system_identifier
returning number
"""
"""Begins an era where this cluster is not the one of the last; the column's default has to follow."""


class Place(NamedTuple):
    """Where somebody stands in the order of events: behind this one."""

    era: int
    xact: int
    seq: int


START = Place(0, 0, 0)


_CURRENT = select(func.max(_era.number)).scalar_subquery()
_SETTLED = or_(_e.era < _CURRENT, _e.xact < literal_column("pg_snapshot_xmin(pg_current_snapshot())", type_=XID8()))

FORMER_HOLDER = cast(_e.previous["organisation_id"].astext, Uuid)
"""Whose the resource was before it passed to another organisation, which both are told of."""

_CLIENT = bindparam("client", type_=Uuid)
_OWN_ENDPOINT = (
    select(_w.id).where(_w.id == _e.resource_id, _w.client_id == _CLIENT).correlate(Event.__table__).exists()
)


def _seen(resource: str, view: View) -> ColumnElement[bool]:
    """What an audit found is told to its organisation once it sees it; the view's is the condition."""
    found = select(view.id).select_from(view.source).where(view.id == _e.resource_id, view.seen[Sees.OWN])
    return or_(_e.resource_type != said(resource), found.correlate(Event.__table__).exists())


_THEIRS = or_(
    _e.organisation_id == any_(IN_SIGHT),
    any_(IN_SIGHT) == FORMER_HOLDER,
    and_(_e.resource_type == said("client"), _e.resource_id == _CLIENT),
    and_(_e.resource_type == said("webhook_endpoint"), _OWN_ENDPOINT),
    and_(_e.organisation_id.is_(None), _e.resource_type.in_([said(one) for one in OPEN])),
)

EVENTS = View(
    name="events",
    source=Event.__table__,
    id=_e.id,
    version=_e.resource_version,
    fields={
        "id": _e.id,
        "type": _e.type,
        "occurred_at": moment(_e.occurred_at),
        "effective_on": _e.effective_on,
        "actor": json_object({"type": _e.actor_type, "id": _e.actor_id}),
        "request_id": _e.request_id,
        "organisation_id": _e.organisation_id,
        "resource": json_object({"type": _e.resource_type, "id": _e.resource_id, "version": _e.resource_version}),
        "data": _e.data,
        "previous": _e.previous,
    },
    keys={"id": _e.id},
    filters={
        "type": one_of(_e.type, "type"),
        "resource_type": one_of(_e.resource_type, "resource_type"),
        "resource_id": equals(_e.resource_id, "resource_id"),
        "organisation_id": equals(_e.organisation_id, "organisation_id"),
        "watch": _e.organisation_id.in_(select(_o.id).where(one_of(_o.legal_code, "watch")).correlate(None)),
    },
    only=_e.resource_type == any_(bindparam("readable", type_=ARRAY(Text))),
    seen={Sees.OWN: and_(_THEIRS, _seen("rating", RATINGS), _seen("finding", FINDINGS)), Sees.GRANTED: _THEIRS},
)


@lru_cache(maxsize=500)
def between_statement(conditions: frozenset[str], sees: Sees) -> Statement:
    """Of the events behind one place (`era`, `xact`, `seq`) up to another (`to_era`, …) the ids that a caller is told."""
    query = matching(select(_e.id, _e.type).select_from(EVENTS.source), EVENTS, conditions, sees)
    order = tuple_(_e.era, _e.xact, _e.seq)
    return compiled(query.where(order > _place(""), order <= _place("to_")).order_by(_e.era, _e.xact, _e.seq))


@lru_cache(maxsize=100)
def among_statement(conditions: frozenset[str], sees: Sees) -> Statement:
    """Of these events (`ids`) those that a caller is told."""
    query = matching(select(_e.id).select_from(EVENTS.source), EVENTS, conditions, sees)
    return compiled(query.where(one_of(_e.id, "ids")))


BODIES = compiled(object_of(EVENTS.source, EVENTS.fields).add_columns(_e.id).where(one_of(_e.id, "ids")))
"""The events (`ids`) as the feed tells them."""


@lru_cache(maxsize=500)
def feed_statement(conditions: frozenset[str], sees: Sees, limit: int) -> Statement:
    """The events behind a place (`era`, `xact`, `seq`), oldest first: `body` and where each stands."""
    query = object_of(EVENTS.source, EVENTS.fields).add_columns(
        _e.type, _e.era, cast(_e.xact, Text).label("xact"), _e.seq
    )
    query = matching(query, EVENTS, conditions, sees).where(_SETTLED)
    query = query.where(tuple_(_e.era, _e.xact, _e.seq) > _place(""))
    return compiled(query.order_by(_e.era, _e.xact, _e.seq).limit(literal_column(str(limit))))


def _place(prefix: str) -> Any:
    return tuple_(
        bindparam(f"{prefix}era", type_=Integer),
        cast(cast(bindparam(f"{prefix}xact", type_=Text), Text), XID8()),
        bindparam(f"{prefix}seq", type_=BIGINT),
    )


# `event.xact` in `order by`: without its table it is the text that is given out, and 999 comes behind 1000.

NEWEST = """
select era, xact::text, seq from event
 where era < (select max(number) from event_era) or xact < pg_snapshot_xmin(pg_current_snapshot())
 order by era desc, event.xact desc, seq desc limit 1
"""
"""Where the feed as a whole ends now: changes exactly when there is something new in it."""

NEXT = """
select era, xact::text, seq from event
 where (era, xact, seq) > ($1, $2::text::xid8, $3)
   and (era < (select max(number) from event_era) or xact < pg_snapshot_xmin(pg_current_snapshot()))
 order by era, event.xact, seq limit $4
"""
"""Places behind a place."""

HERE = """
select max(number) as era, (pg_snapshot_xmin(pg_current_snapshot())::text::numeric - 1)::text as xact,
       9223372036854775807 as seq from event_era
"""
"""The place behind everything that a snapshot holds for sure; what follows it may be in the snapshot already."""


async def place_of(connection: Connection, statement: str, *given: Any) -> Place:
    row = await connection.fetchrow(statement, *given)
    return START if row is None else Place(row["era"], int(row["xact"]), row["seq"])
