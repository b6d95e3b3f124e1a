"""Reading certificates: the status in SQL, who holds what, what the guards look at, and the public register."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
)

from programme.database import Connection
from programme.errors import NotFound
from programme.queries.code_lists import in_county
from programme.queries.organisations import ORGANISATIONS
from programme.queries.views import (
    LATEST,
    TODAY,
    Expansion,
    View,
    between,
    compiled,
    covers,
    derived,
    equals,
    found_in,
    moment,
    object_of,
    one,
    one_of,
    said,
)
from programme.rules.assessments import Kind, State
from programme.rules.certificates import LIFECYCLE, REGISTER_STATUS, CertificateFacts, Status
from programme.tables import Assessment, Certificate, CertificateDecision, Organisation, Policy, Site
from programme.work import Actor

_c, _o, _d = Certificate.__table__.c, Organisation.__table__.c, CertificateDecision.__table__.c
_a, _p, _s = Assessment.__table__.c, Policy.__table__.c, Site.__table__.c


def status_on(day: ColumnElement[Any]) -> ColumnElement[str]:
    """The status of a certificate on a day; `rules.certificates.status` says the same, proven equal by test.

    Expiring: the days from `day` to the last one of notice and the day after are not all in one period. (A set of
    periods contains a range only where one of them contains it whole, so each period's own end counts.)
    """
    ahead = func.daterange(day, day + _c.expiring_days + literal_column("2"))
    return case(
        (_c.ended_on <= day, _c.ended_as),
        (_c.expires_on.is_(None), said(Status.DRAFT.value)),
        (func.lower(_c.periods) > day, said(Status.NOT_YET_VALID.value)),
        (~_c.periods.op("@>")(day), said(Status.EXPIRED.value)),
        (_c.suspensions.op("@>")(day), said(Status.SUSPENDED.value)),
        (~_c.periods.op("@>")(ahead), said(Status.EXPIRING.value)),
        else_=said(Status.ACTIVE.value),
    )


def register_status(status: ColumnElement[str]) -> ColumnElement[str | None]:
    """The four values of the public register; null for what is not in it."""
    return case({said(one.value): said(register.value) for one, register in REGISTER_STATUS.items()}, value=status)


def judge(row: Mapping[str, Any], actor: Actor, today: date) -> CertificateFacts:
    """The facts that the guards of a certificate look at."""
    auditors = row["auditors"] or []
    ended_on, suspended_from = row["ended_on"], row["suspended_from"]
    return CertificateFacts(
        state=row["state"],
        today=today,
        audits=tuple(row["audits"] or ()),
        auditor_of_all=bool(auditors) and all(auditor == actor.client_id for auditor in auditors),
        validity_months=row["validity_months"],
        pass_rule_known=bool(row["pass_rule_known"]),
        end_decided_on=ended_on if ended_on and ended_on > today else None,
        suspension_decided_on=suspended_from if suspended_from and suspended_from > today else None,
    )


_STATUS = status_on(TODAY)

AUDITS = (
    select(_a.id)
    .where(
        _a.organisation_id == _c.organisation_id,
        _a.kind == said(Kind.EXTERNAL_AUDIT.value),
        _a.state == said(State.FINALISED.value),
        _a.standard_version == _c.standard_version,
        _a.level == _c.level,
        _a.scope == _c.scope,
    )
    .correlate(Certificate.__table__)
)
"""The finalised external audits that could carry a grant."""

_CARRIED = select(_a.assessor).where(_a.id == _c.assessment_id).correlate(Certificate.__table__)
"""Who carried out the audit that the certificate was granted on."""

_POLICY = (
    select(_p.id)
    .where(_p.standard_version == _c.standard_version, _p.effective_from <= TODAY)
    .order_by(_p.effective_from.desc())
    .limit(literal_column("1"))
    .correlate(Certificate.__table__)
)


def _of_a_draft(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Facts that only a draft's moves look at are not looked up for anything else."""
    return case((_c.expires_on.is_(None), value), else_=null())


def _found(name: str) -> ColumnElement[bool]:
    """Certificates whose holder's names or whose reference contain the text: two searches, each with its own index."""
    other = Certificate.__table__.alias("found")
    holders = select(_o.id).where(found_in(_o.search, name)).correlate(None)
    by_holder = select(other.c.id).where(other.c.organisation_id.in_(holders))
    by_reference = select(other.c.id).where(found_in(func.fold(other.c.reference), name))
    return _c.id.in_(by_holder.union(by_reference))


CERTIFICATES = View(
    name="certificates",
    source=Certificate.__table__.join(Organisation.__table__, _o.id == _c.organisation_id),
    id=_c.id,
    version=_c.version,
    fields={
        "id": _c.id,
        "reference": _c.reference,
        "organisation_id": _c.organisation_id,
        "standard": _c.standard,
        "standard_version": _c.standard_version,
        "level": _c.level,
        "scope": _c.scope,
        "certified_on": _c.certified_on,
        "valid_from": _c.valid_from,
        "expires_on": _c.expires_on,
        "status": _STATUS,
        "register_status": register_status(_STATUS),
        "review_by": _c.review_by,
        "ended_on": _c.ended_on,
        "revision": _c.revision,
        "predecessor_id": _c.predecessor_id,
        "assessment_id": _c.assessment_id,
        "service_users": _c.service_users,
        "staff": _c.staff,
        "source": _c.source,
        "version": _c.version,
    },
    keys={"id": _c.id, "reference": _c.reference},
    filters={
        "status": derived(one_of(_STATUS, "status")),
        "register_status": derived(one_of(register_status(_STATUS), "register_status")),
        "organisation_id": equals(_c.organisation_id, "organisation_id"),
        "standard": one_of(_c.standard, "standard"),
        "standard_version": one_of(_c.standard_version, "standard_version"),
        "level": one_of(_c.level, "level"),
        "source": one_of(_c.source, "source"),
        "reference": one_of(_c.reference, "reference"),
        "municipality": one_of(_c.municipality_key, "municipality"),
        "county": in_county(_c.municipality_key, "county"),
        "service": covers(_c.scope, "service"),
        "q": _found("q"),
        **between(_c.certified_on, "certified_on"),
        **between(_c.expires_on, "expires_on"),
    },
    sorts={
        "certified_on": func.coalesce(_c.certified_on, LATEST),
        "expires_on": func.coalesce(_c.expires_on, LATEST),
        "reference": func.coalesce(_c.reference, said("")),
        "organisation": _o.sort_name,
        "id": _c.id,
    },
    default_sort="-certified_on",
    expands={"organisation": Expansion(ORGANISATIONS, _c.organisation_id)},
    owner=_c.organisation_id,
    facts={
        "state": _STATUS,
        "ended_on": _c.ended_on,
        "suspended_from": _c.suspended_from,
        "audits": _of_a_draft(func.array(AUDITS.with_only_columns(_a.outcome).scalar_subquery(), type_=ARRAY(Text))),
        "auditors": case(
            (
                _c.expires_on.is_(None),
                func.array(AUDITS.with_only_columns(_a.assessor).scalar_subquery(), type_=ARRAY(Uuid)),
            ),
            else_=func.array(_CARRIED.scalar_subquery(), type_=ARRAY(Uuid)),
        ),
        "validity_months": _of_a_draft(_POLICY.with_only_columns(_p.validity_months).scalar_subquery()),
        "pass_rule_known": _of_a_draft(
            _POLICY.with_only_columns(func.jsonb_exists(_p.pass_rules, _c.level)).scalar_subquery()
        ),
    },
    lifecycle=LIFECYCLE,
    judge=judge,
)

_ID_OF = compiled(select(_c.id).where(_c.reference == bindparam("reference", type_=Text)))


async def id_of(connection: Connection, reference: str) -> UUID:
    """The id of the certificate with the reference, or `NotFound`."""
    row = await one(connection, _ID_OF, reference=reference)
    if row is None:
        raise NotFound
    found: UUID = row["id"]
    return found


HISTORY = compiled(
    object_of(
        CertificateDecision.__table__,
        {
            "number": _d.number,
            "kind": _d.kind,
            "effective_on": _d.effective_on,
            "decided_at": moment(_d.decided_at),
            "reason_code": _d.reason_code,
            "reason": _d.reason,
            "decision_ref": _d.decision_ref,
        },
    )
    .where(_d.certificate_id == bindparam("id", type_=Uuid))
    .order_by(_d.number)
)
"""Every decision about one certificate (`id`), oldest first."""


def _register() -> View:
    """The public register: granted certificates with a reference, without anything personal."""
    names = select(func.coalesce(func.json_agg(_s.name), literal_column("'[]'::json"))).where(
        func.jsonb_exists(_c.scope["sites"], cast(_s.id, Text))
    )
    told = {"import": "granted", "grant": "granted", "suspend": "suspended", "reinstate": "reinstated",
            "withdraw": "withdrawn", "supersede": "superseded"}  # fmt: skip
    decided = select(
        case({said(kind): said(word) for kind, word in told.items()}, value=_d.kind).label("kind"), _d.effective_on
    ).where(_d.certificate_id == _c.id, _d.effective_on <= TODAY, _d.kind.in_([said(kind) for kind in told]))
    ended = select(said("expired").label("kind"), (_c.expires_on + literal_column("1")).label("effective_on")).where(
        _c.expires_on < TODAY, or_(_c.ended_on.is_(None), _c.ended_on > _c.expires_on)
    )
    history = decided.correlate(Certificate.__table__).union_all(ended.correlate(Certificate.__table__)).lateral("h")
    organisation = func.json_build_object(
        said("name"), _o.name, said("legal_code"), _o.legal_code, said("municipality"), _o.municipality
    )
    status = register_status(_STATUS)
    return View(
        name="register",
        source=CERTIFICATES.source,
        id=_c.id,
        version=_c.version,
        fields={
            "reference": _c.reference,
            "organisation": organisation,
            "standard": _c.standard,
            "level": _c.level,
            "version": _c.standard_version,
            "services": _c.scope["services"],
            "sites": names.correlate(Certificate.__table__).scalar_subquery(),
            "certified_on": _c.certified_on,
            "expires_on": _c.expires_on,
            "status": status,
            "history": select(
                func.coalesce(func.json_agg(literal_column("h order by h.effective_on")), literal_column("'[]'::json"))
            )
            .select_from(history)
            .scalar_subquery(),
        },
        keys={"reference": _c.reference},
        filters={
            **{name: CERTIFICATES.filters[name] for name in ("standard", "level", "municipality", "service", "q")},
            "status": derived(one_of(status, "status")),
        },
        sorts={name: CERTIFICATES.sorts[name] for name in ("certified_on", "expires_on", "reference", "organisation")},
        default_sort="-certified_on",
        whole_sort="reference",
        only=and_(_c.reference.is_not(None), status.is_not(None)),
        facts={"organisation_version": _o.version, "status": status},
    )


REGISTER = _register()
