"""Reading certificates: the status in SQL, who holds what, what the guards look at, and the public register."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Date,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    false,
    func,
    literal_column,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import DATERANGE, array

from programme.database import Connection
from programme.errors import NotFound
from programme.queries.code_lists import in_county
from programme.queries.organisations import ORGANISATIONS
from programme.queries.views import (
    LATEST,
    TODAY,
    Expansion,
    Implied,
    View,
    at_least,
    at_most,
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
from programme.rules.assessments import Kind, Outcome, State
from programme.rules.certificates import LIFECYCLE, REGISTER_STATUS, CertificateFacts, Status, Votes
from programme.rules.standards import VersionState
from programme.tables import (
    Assessment,
    Certificate,
    CertificateDecision,
    CertificateRevision,
    CertificateVote,
    Organisation,
    Policy,
    Site,
    StandardVersion,
)
from programme.work import Actor

_c, _o, _d = Certificate.__table__.c, Organisation.__table__.c, CertificateDecision.__table__.c
_a, _p, _s = Assessment.__table__.c, Policy.__table__.c, Site.__table__.c
_r, _v = CertificateRevision.__table__.c, CertificateVote.__table__.c
_sv = StandardVersion.__table__.c


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


def ran_out_on() -> ColumnElement[date]:
    """The first day after each period of a certificate: a row for each, in a query of its own."""
    period = func.unnest(_c.periods, type_=DATERANGE()).column_valued("period")
    return func.upper(period, type_=Date)


def register_status(status: ColumnElement[str]) -> ColumnElement[str | None]:
    """The four values of the public register; null for what is not in it."""
    return case({said(one.value): said(register.value) for one, register in REGISTER_STATUS.items()}, value=status)


def judge(row: Mapping[str, Any], actor: Actor, today: date) -> CertificateFacts:
    """The facts that the guards of a certificate look at."""
    auditors = row["auditors"] or []
    ended_on, suspended_from = row["ended_on"], row["suspended_from"]
    policy = json.loads(row["policy"] or "{}")
    return CertificateFacts(
        state=row["state"],
        today=today,
        audits=tuple(row["audits"] or ()),
        auditor_of_all=actor.client_id is not None and set(auditors) == {actor.client_id},
        validity_months=policy.get("validity_months"),
        pass_rule_known=policy.get("pass_rule_known", False),
        end_decided_on=ended_on if ended_on and ended_on > today else None,
        suspension_decided_on=suspended_from if suspended_from and suspended_from > today else None,
        quorum=policy.get("decision_quorum"),
        votes=Votes(*(row["votes"] or ())),
        expires_on=row["expires_on"],
        regular_end=row["extended_from"] or row["expires_on"],
        extension_months=policy.get("extension_months"),
        restoration_months=policy.get("restoration_months"),
        recertified=row["recertified"],
        renewal_opens_days=policy.get("renewal_opens_days", 0),
        successor_id=row["successor_id"],
        cancellation_requested_on=row["cancellation_requested_on"],
        version_state=row["version_state"] or VersionState.CURRENT,
    )


_STATUS = status_on(TODAY)

_FIRST_LAPSE = func.lower(func.datemultirange(func.daterange(func.lower(_c.periods), null())) - _c.periods, type_=Date)
"""The first day after the first period, whatever period came later: before it nothing has expired. (Where they begin,
without an end, less what they are, begins there.) Three indexes end in it."""

_IMPLIED = {
    "granted": (
        {Status.ACTIVE, Status.EXPIRING, Status.SUSPENDED, Status.EXPIRED, Status.NOT_YET_VALID},
        func.coalesce(_c.expires_on, LATEST) < LATEST,
    ),
    "suspended": ({Status.SUSPENDED}, _c.suspensions != literal_column("'{}'::datemultirange")),
    "lapsed": ({Status.EXPIRED}, _FIRST_LAPSE <= TODAY),
}
"""What a certificate of these statuses has for certain, of which PostgreSQL knows how often it is so and where."""


def _implied(by: str, shown: Mapping[Status, str]) -> dict[str, Implied]:
    """That of the filter `by`, which knows statuses by what they are shown as."""

    def values(statuses: Set[Status]) -> frozenset[str]:
        return frozenset(word for word in shown.values() if {one for one in shown if shown[one] == word} <= statuses)

    return {
        f"{name} by {by}": Implied(by, values(statuses), condition) for name, (statuses, condition) in _IMPLIED.items()
    }


_carried = Certificate.__table__.alias("carried")

AUDITS = (
    select(_a.id)
    .where(
        _a.organisation_id == _c.organisation_id,
        _a.kind == said(Kind.EXTERNAL_AUDIT.value),
        _a.state == said(State.FINALISED.value),
        _a.standard_version == _c.standard_version,
        _a.level == _c.level,
        _a.scope == _c.scope,
        ~select(_carried.c.id).where(_carried.c.assessment_id == _a.id).correlate(Assessment.__table__).exists(),
    )
    .correlate(Certificate.__table__)
)
"""The finalised external audits that could carry a grant: none rests on them yet."""

RECERTIFYING = AUDITS.where(_a.ended_on >= _c.valid_from)
"""Those of them that were carried out since the present period began."""

_CARRIED = select(_a.assessor).where(_a.id == _c.assessment_id).correlate(Certificate.__table__)
"""Who carried out the audit that the certificate was granted on."""

_POLICY = (
    select(
        func.jsonb_build_object(
            said("validity_months"), _p.validity_months,
            said("pass_rule_known"), func.jsonb_exists(_p.pass_rules, _c.level),
            said("decision_quorum"), _p.decision_quorum,
            said("extension_months"), _p.extension_months,
            said("restoration_months"), _p.restoration_months,
            said("renewal_opens_days"), _p.renewal_opens_days,
        )
    )
    .where(_p.standard_version == _c.standard_version, _p.effective_from <= TODAY)
    .order_by(_p.effective_from.desc())
    .limit(literal_column("1"))
    .correlate(Certificate.__table__)
    .scalar_subquery()
)  # fmt: skip
"""What the guards ask of the policy that is in effect for the version."""

_VOTES = (
    select(array([func.count().filter(_v.vote == said(vote)) for vote in ("for", "against", "abstain")]))
    .where(_v.certificate_id == _c.id, _v.draft_version == _c.version)
    .correlate(Certificate.__table__)
    .scalar_subquery()
)
"""For, against and neither, as the draft stands now."""

_draft = Certificate.__table__.alias("draft")
_SUCCESSOR = (
    select(_draft.c.id)
    .where(_draft.c.predecessor_id == _c.id, _draft.c.expires_on.is_(None), _draft.c.ended_on.is_(None))
    .correlate(Certificate.__table__)
    .scalar_subquery()
)
"""The draft that is to take its place."""


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
        "extended_from": _c.extended_from,
        "ended_on": _c.ended_on,
        "mark": _c.mark,
        "cancellation_requested_on": _c.cancellation_requested_on,
        "cancellation_wanted_on": _c.cancellation_wanted_on,
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
        "predecessor_id": equals(_c.predecessor_id, "predecessor_id"),
        "reference": one_of(_c.reference, "reference"),
        "municipality": one_of(_c.municipality_key, "municipality"),
        "county": in_county(_c.municipality_key, "county"),
        "service": covers(_c.scope, "service"),
        "q": _found("q"),
        **between(_c.certified_on, "certified_on"),
        **between(_c.expires_on, "expires_on"),
        "cancellation_requested_on[gte]": at_least(_c.cancellation_requested_on, "cancellation_requested_on[gte]"),
        "cancellation_requested_on[lte]": at_most(_c.cancellation_requested_on, "cancellation_requested_on[lte]"),
    },
    implied={
        **_implied("status", {one: one for one in Status}),
        **_implied("register_status", REGISTER_STATUS),
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
        "version_state": _of_a_draft(
            select(_sv.state).where(_sv.code == _c.standard_version).correlate(Certificate.__table__).scalar_subquery()
        ),
        "policy": cast(_POLICY, Text),
        "votes": _of_a_draft(_VOTES),
        "expires_on": _c.expires_on,
        "extended_from": _c.extended_from,
        "recertified": case(
            (_c.expires_on < TODAY, RECERTIFYING.where(_a.outcome == said(Outcome.MET.value)).exists()), else_=false()
        ),
        "successor_id": case((_c.expires_on.is_not(None), _SUCCESSOR)),
        "cancellation_requested_on": _c.cancellation_requested_on,
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
            "details": _d.details,
        },
    )
    .where(_d.certificate_id == bindparam("id", type_=Uuid))
    .order_by(_d.number)
)
"""Every decision about one certificate (`id`), oldest first."""

REVISIONS = compiled(
    object_of(
        CertificateRevision.__table__,
        {
            "number": _r.number,
            "decision": _r.decision,
            "effective_on": _r.effective_on,
            "organisation_id": _r.holder_id,
            "scope": _r.scope,
            "valid_from": _r.valid_from,
            "expires_on": _r.expires_on,
            "service_users": _r.service_users,
            "staff": _r.staff,
        },
    )
    .where(_r.certificate_id == bindparam("id", type_=Uuid))
    .order_by(_r.number)
)
"""What one certificate (`id`) said from one decision to the next, oldest first."""

_VOTE = {
    "voter": _v.voter,
    "vote": _v.vote,
    "comment": _v.comment,
    "voted_at": moment(_v.voted_at),
    "draft_version": _v.draft_version,
}
_VOTED = object_of(CertificateVote.__table__, _VOTE)

VOTES = compiled(_VOTED.where(_v.certificate_id == bindparam("id", type_=Uuid)).order_by(_v.voted_at, _v.id))
"""The committee's votes on one certificate (`id`), in the order in which they were last given."""

VOTE = compiled(_VOTED.where(_v.id == bindparam("id", type_=Uuid)))
"""One of them."""


def _register() -> View:
    """The public register: granted certificates with a reference, without anything personal."""
    names = select(func.coalesce(func.json_agg(_s.name), literal_column("'[]'::json"))).where(
        func.jsonb_exists(_c.scope["sites"], cast(_s.id, Text))
    )
    told = {"import": "granted", "grant": "granted", "suspend": "suspended", "reinstate": "reinstated",
            "withdraw": "withdrawn", "cancel": "cancelled", "supersede": "superseded", "extend": "extended",
            "restore": "restored", "revise_scope": "scope_revised", "transfer": "transferred"}  # fmt: skip
    decided = select(
        case({said(kind): said(word) for kind, word in told.items()}, value=_d.kind).label("kind"), _d.effective_on
    ).where(_d.certificate_id == _c.id, _d.effective_on <= TODAY, _d.kind.in_([said(kind) for kind in told]))
    ran_out = ran_out_on()
    ended = select(said("expired").label("kind"), ran_out.label("effective_on")).where(
        ran_out <= TODAY, or_(_c.ended_on.is_(None), _c.ended_on > ran_out)
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
        implied=_implied("status", REGISTER_STATUS),
        sorts={name: CERTIFICATES.sorts[name] for name in ("certified_on", "expires_on", "reference", "organisation")},
        default_sort="-certified_on",
        whole_sort="reference",
        only=and_(_c.reference.is_not(None), status.is_not(None)),
        facts={"organisation_version": _o.version, "status": status},
    )


REGISTER = _register()
