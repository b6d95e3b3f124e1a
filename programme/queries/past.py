"""Reading what was known at an earlier moment, and what held on an earlier day, with the very statements of the present.

Each table that a statement reads is given anew before it, under its own name (`with certificate as …`): the rows as
they stood then. So fields, conditions, sorts and walls are written once. A version of a row is shown where it was
recorded by the moment and its day had come, and nothing later was and had.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    Column,
    ColumnElement,
    Date,
    DateTime,
    Select,
    Table,
    and_,
    bindparam,
    cast,
    column,
    exists,
    func,
    literal_column,
    or_,
    select,
    table,
    true,
)
from sqlalchemy.sql import visitors
from sqlalchemy.sql.expression import FromClause
from sqlalchemy.sql.selectable import Alias

from programme.rules.sight import Sees
from programme.tables import (
    AnnualReport,
    AnnualReportReview,
    AnnualReportSubmission,
    Certificate,
    CertificateDecision,
    Enrolment,
    Event,
    Finding,
    Organisation,
    PastVersion,
    Site,
)

TODAY: BindParameter[Any] = bindparam("today", type_=Date)
"""The day that derived fields are judged on: today in Vilnius, or `as_of`."""

KNOWN_AT: BindParameter[Any] = bindparam("known_at", type_=DateTime(timezone=True))
"""The moment by which things were recorded."""


class Past(StrEnum):
    """How far back a statement looks. `day`: on the day `today`, by all that is known now. `moment`: on that day, by what
    was known at the moment `known_at`."""

    DAY = "day"
    MOMENT = "moment"


KNOWN: tuple[Any, ...] = (Organisation.__table__, Site.__table__, Certificate.__table__)
DATED: tuple[Any, ...] = (AnnualReport.__table__, Enrolment.__table__, Finding.__table__)
"""Tables whose versions are kept; of the second ones also from which day on each holds."""

FOLLOWING: Mapping[Any, frozenset[str]] = {AnnualReport.__table__: frozenset({"lapses_on"})}
"""Columns of those that follow from something else, whose day is not that of the row's own changes: what is known of them
by the moment holds on all days. A report lapses on the day on which its certificate ends."""

APPENDED: Mapping[Any, str] = {
    CertificateDecision.__table__: "decided_at",
    AnnualReportSubmission.__table__: "submitted_at",
    AnnualReportReview.__table__: "reviewed_at",
    Event.__table__: "occurred_at",
}
"""Tables whose rows never change, with the moment at which each was recorded."""

_FOR_THE_PUBLIC = table("register_past", *(column(one.name, one.type) for one in PastVersion.__table__.c))
"""The past of what is in the public register, with the columns that everybody may read."""


def then(query: Select[Any], past: Past, sees: Sees) -> Select[Any]:
    """The statement over what was there then."""
    again = [
        _then(one, sorted(columns), past, sees)
        for one, columns in _read(query).items()
        if one in DATED or (past is Past.MOMENT and (one in KNOWN or one in APPENDED))
    ]
    return query.add_cte(*(one.prefix_with("NOT MATERIALIZED") for one in again))


def _read(query: Select[Any]) -> Mapping[Table, set[str]]:
    """The columns of each table that the statement names; the public may read no others."""
    found: dict[Table, set[str]] = defaultdict(set)
    for part in visitors.iterate(query):
        if isinstance(part, Column):
            source = part.table.element if isinstance(part.table, Alias) else part.table
            if isinstance(source, Table):
                found[source].add(part.name)
        elif isinstance(part, Table):
            found[part].update(())
    for source, names in found.items():
        if not names:  # nothing of it is read but that the rows are there
            names.update(one.name for one in source.primary_key)
    return found


def _then(source: Table, names: list[str], past: Past, sees: Sees) -> CTE:
    present = select(*(source.c[name] for name in names))
    if source in APPENDED:
        return present.where(source.c[APPENDED[source]] <= KNOWN_AT).cte(source.name)
    dated = source in DATED
    version = (_FOR_THE_PUBLIC if sees is Sees.REGISTER else PastVersion.__table__).alias("version")
    typed = func.jsonb_to_record(version.c.kept).table_valued(*(column(name, source.c[name].type) for name in names))
    kept = typed.render_derived("was", with_types=True).lateral("was")
    following = FOLLOWING.get(source, frozenset())

    def of_then(name: str) -> ColumnElement[Any]:
        if name == "id":  # by its id it is found at once
            return version.c.id
        return _known(source, version, kept.c[name], past) if name in following else kept.c[name]

    passed = (
        select(*(of_then(name).label(name) for name in names))
        .select_from(version.join(kept, true()))
        .where(
            version.c.resource == literal_column(f"'{source.name}'"),
            _shown(version, past, dated=dated),
            _passed(version, past, dated=dated),
        )
    )
    if dated:
        for later in (PastVersion.__table__.alias("later"), source.alias("later")):
            behind = later.c.seq > version.c.seq if "seq" in later.c else true()
            found = exists().where(later.c.id == version.c.id, behind, _shown(later, past, dated=True))
            passed = passed.where(~found.correlate(version))
    return present.where(_shown(source, past, dated=dated)).union_all(passed).cte(source.name)


def _known(source: Table, version: FromClause, kept: ColumnElement[Any], past: Past) -> ColumnElement[Any]:
    """What is known by the moment, by no matter which change; what was `kept` where the rest is not for the caller."""
    present = select(source.c[kept.name]).where(source.c.id == version.c.id)
    if past is Past.DAY:
        return func.coalesce(present.correlate(version).scalar_subquery(), kept)
    known = PastVersion.__table__.alias("known")
    last = select(cast(known.c.kept[kept.name].astext, kept.type)).where(
        known.c.id == version.c.id, known.c.known_from <= KNOWN_AT, known.c.known_until > KNOWN_AT
    )
    present = present.where(source.c.known_from <= KNOWN_AT)
    return func.coalesce(*(one.correlate(version).scalar_subquery() for one in (present, last)), kept)


def _shown(of: FromClause, past: Past, *, dated: bool) -> ColumnElement[bool]:
    """Recorded by the moment, and its day had come."""
    known = of.c.known_from <= KNOWN_AT if past is Past.MOMENT else true()
    return and_(known, of.c.holds_from <= TODAY if dated else true())


def _passed(version: FromClause, past: Past, *, dated: bool) -> ColumnElement[bool]:
    """What came next was not recorded yet, or its day had not come: what can be told without looking at it."""
    conditions = [version.c.holds_until > TODAY] * dated
    if past is Past.MOMENT:
        conditions.append(version.c.known_until > KNOWN_AT)
    return or_(*conditions)
