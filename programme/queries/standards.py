"""Reading standards: their levels, their versions with trees of criteria, and the policies from day to day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, cast, func, literal_column, or_, select

from programme.database import Connection
from programme.queries.views import (
    LATEST,
    TODAY,
    View,
    compiled,
    equals,
    found_in,
    id_of,
    json_list,
    json_object,
    one_of,
    said,
)
from programme.rules.standards import LIFECYCLE, VersionFacts
from programme.tables import Policy, Standard, StandardVersion
from programme.work import Actor

_s, _v, _p = Standard.__table__.c, StandardVersion.__table__.c, Policy.__table__.c


def judge(row: Mapping[str, Any], _actor: Actor, _today: date) -> VersionFacts:
    """The facts that the guards of a version look at."""
    return VersionFacts(state=row["state"], principles=row["principles"])


_SHORT = json_object(
    {"code": _v.code, "state": _v.state, "in_force_from": _v.in_force_from, "in_force_to": _v.in_force_to}
)
_versions = select().where(_v.standard == _s.code).correlate(Standard.__table__)

STANDARDS = View(
    name="standards",
    source=Standard.__table__,
    id=_s.id,
    version=_s.version,
    fields={
        "id": _s.id,
        "code": _s.code,
        "name": _s.name,
        "owner": _s.owner,
        "national_licence_holder": _s.national_licence_holder,
        "reference_pattern": _s.reference_pattern,
        "levels": _s.levels,
        "marks": _s.marks,
        "versions": _versions.add_columns(
            json_list(_SHORT, _v.in_force_from.asc().nulls_last(), _v.code)
        ).scalar_subquery(),
        "version": _s.version,
    },
    keys={"id": _s.id},
    filters={
        "code": one_of(_s.code, "code"),
        "q": found_in(func.fold(_s.code + said(" ") + _s.name["lt"].astext + said(" ") + _s.name["en"].astext), "q"),
    },
    sorts={
        "code": _s.code.collate("C"),
        "name": func.lt_sort_key(_s.name["lt"].astext, type_=Text).collate("C"),
        "id": _s.id,
    },
    default_sort="code",
    facts={"versions": _versions.add_columns(func.sum(_v.version)).scalar_subquery()},
)

_POLICY = {
    "effective_from": _p.effective_from,
    "validity_months": _p.validity_months,
    "annual_reports_at_months": _p.annual_reports_at_months,
    "report_opens_days": _p.report_opens_days,
    "report_due_soon_days": _p.report_due_soon_days,
    "report_grace_days": _p.report_grace_days,
    "report_extension_days": _p.report_extension_days,
    "expiring_days": _p.expiring_days,
    "expiry_notice_days": _p.expiry_notice_days,
    "renewal_opens_days": _p.renewal_opens_days,
    "extension_months": _p.extension_months,
    "restoration_months": _p.restoration_months,
    "decision_quorum": _p.decision_quorum,
    "pass_rules": _p.pass_rules,
}
_POLICY_OBJECT = json_object(_POLICY)
_policies = select().where(_p.standard_version == _v.code).correlate(StandardVersion.__table__)

VERSIONS = View(
    name="standard_versions",
    source=StandardVersion.__table__.join(Standard.__table__, _s.code == _v.standard),
    id=_v.id,
    version=_v.version,
    fields={
        "id": _v.id,
        "standard": _v.standard,
        "code": _v.code,
        "state": _v.state,
        "levels": _s.levels,
        "in_force_from": _v.in_force_from,
        "in_force_to": _v.in_force_to,
        "node_kind": _v.node_kind,
        "counts": _v.counts,
        "display_type": _v.display_type,
        "criteria_official": _v.criteria_official,
        "principles": _v.principles,
        "scale": _v.scale,
        "policy": _policies.add_columns(_POLICY_OBJECT)
        .where(_p.effective_from <= TODAY)
        .order_by(_p.effective_from.desc())
        .limit(literal_column("1"))
        .scalar_subquery(),
        "policies": _policies.add_columns(json_list(_POLICY_OBJECT, _p.effective_from)).scalar_subquery(),
        "version": _v.version,
    },
    keys={"id": _v.id},
    filters={"standard_id": equals(_s.id, "standard_id"), "state": one_of(_v.state, "state")},
    sorts={
        "code": _v.code.collate("C"),
        "in_force_from": func.coalesce(_v.in_force_from, LATEST),
        "id": _v.id,
    },
    default_sort="in_force_from",
    facts={
        "state": _v.state,
        "principles": func.jsonb_array_length(_v.principles),
        "policies": _policies.add_columns(func.count()).scalar_subquery(),
        "standard": _s.version,
    },
    lifecycle=LIFECYCLE,
    moved_with="standards.write",
    judge=judge,
)

_standard, _version = bindparam("standard", type_=Text), bindparam("version", type_=Text)
_IS_STANDARD = or_(_s.code == _standard, cast(_s.id, Text) == func.lower(_standard))
_IS_VERSION = or_(_v.code == _version, cast(_v.id, Text) == func.lower(_version))
_STANDARD_ID = compiled(select(_s.id).where(_IS_STANDARD))
_VERSION_ID = compiled(select(_v.id).join(Standard.__table__, _s.code == _v.standard).where(_IS_STANDARD, _IS_VERSION))


async def standard_id(connection: Connection, standard: str) -> UUID:
    """The id of the standard with the code (or the id itself), or `NotFound`."""
    return await id_of(connection, _STANDARD_ID, standard=standard)


async def version_id(connection: Connection, standard: str, version: str) -> UUID:
    """The id of the standard's version with the code (or the id itself), or `NotFound`."""
    return await id_of(connection, _VERSION_ID, standard=standard, version=version)
