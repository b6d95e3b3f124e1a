"""What lies before the renewal of a certificate: its dates, the certificates before and after it, what is missing."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, func, literal_column, or_, select

from programme.database import Connection
from programme.errors import NotFound
from programme.queries import views
from programme.queries.certificates import CERTIFICATES, RECERTIFYING, status_on
from programme.queries.views import TODAY, View, said
from programme.rules.certificates import Renewal, draft_like, renewal
from programme.rules.sight import Sight
from programme.tables import Assessment, Certificate
from programme.work import Actor

_c, _a = Certificate.__table__.c, Assessment.__table__.c
_before, _after = Certificate.__table__.alias("before"), Certificate.__table__.alias("after")


def _in_short(one: Any) -> ColumnElement[Any]:
    return func.json_build_object(
        said("id"), one.c.id, said("reference"), one.c.reference, said("certified_on"), one.c.certified_on,
        said("expires_on"), one.c.expires_on, said("granted"), one.c.expires_on.is_not(None),
    )  # fmt: skip


def _beside(one: Any, what: Any) -> Any:
    """Of the same organisation alone: what was left with a former holder is not shown."""
    return select(what).where(one.c.organisation_id == _c.organisation_id).correlate(Certificate.__table__)


def _successor(what: Any) -> Any:
    """The one that was granted, or else the draft."""
    return (
        _beside(_after, what)
        .where(_after.c.predecessor_id == _c.id, or_(_after.c.expires_on.is_not(None), _after.c.ended_on.is_(None)))
        .order_by(_after.c.expires_on.is_(None), _after.c.id.desc())
        .limit(literal_column("1"))
        .scalar_subquery()
    )


RENEWALS = View(
    name="renewals",
    source=CERTIFICATES.source,
    id=_c.id,
    version=_c.version,
    fields={
        "certificate_id": _c.id,
        "reference": _c.reference,
        "status": status_on(TODAY),
        "expires_on": _c.expires_on,
        "predecessor": _beside(_before, _in_short(_before)).where(_before.c.id == _c.predecessor_id).scalar_subquery(),
        "successor": _successor(_in_short(_after)),
    },
    keys=CERTIFICATES.keys,
    owner=_c.organisation_id,
    facts={
        **CERTIFICATES.facts,
        "recertifying": func.array(RECERTIFYING.with_only_columns(_a.outcome).scalar_subquery(), type_=ARRAY(Text)),
        "successor_granted": func.coalesce(_successor(_after.c.expires_on.is_not(None)), literal_column("false")),
    },
)


async def read(
    connection: Connection, by: str, key: UUID | str, actor: Actor, sight: Sight, today: date
) -> tuple[str, Renewal]:
    """The fields of `RENEWALS` as JSON, and what the rules say of them; `NotFound` where the certificate is not known."""

    async def row_of(view: View, by: str, key: UUID | str) -> Any:
        statement = views.single_statement(view, by, (), sight.sees)
        return await views.one(connection, statement, key=key, today=today, **sight.values)

    row = await row_of(RENEWALS, by, key)
    if row is None:
        raise NotFound
    certificate = CERTIFICATES.judged(row, actor, today)
    draft = draft_like(certificate, tuple(row["fact_recertifying"]))
    if certificate.successor_id is not None:
        draft = CERTIFICATES.judged(await row_of(CERTIFICATES, "id", certificate.successor_id), actor, today)
    return row["body"], renewal(certificate, draft, granted=row["fact_successor_granted"])
