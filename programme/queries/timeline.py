"""What is known of an organisation's past, in one line: dated records, and facts that no record carries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    Text,
    Uuid,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    union_all,
)

from programme.queries.certificates import ran_out_on
from programme.queries.events import FORMER_HOLDER
from programme.queries.views import TODAY, compiled, said
from programme.rules.certificates import LIFECYCLE, Source
from programme.tables import Certificate, CertificateDecision, Enrolment, Event, KnownFact, Project, Strand

_c, _d, _e = Certificate.__table__.c, CertificateDecision.__table__.c, Enrolment.__table__.c
_f, _p, _s, _x = KnownFact.__table__.c, Project.__table__.c, Strand.__table__.c, Event.__table__.c

LISTED = "listed"
"""The kind of the one fact that every loaded organisation has: how sure its entry is."""

TOLD = {name: move.events[0].replace(".", "_") for name, move in LIFECYCLE.moves.items()} | {
    "import": "certified",
    "grant": "certified",
    "supersede": "certificate_superseded",
    "revise_scope": "certificate_scope_revised",
}
"""What the line says of each kind of decision."""

_ORGANISATION = bindparam("id", type_=Uuid)


def _day(column: ColumnElement[Any]) -> ColumnElement[str]:
    return cast(column, Text)


def _confidence(source: ColumnElement[str]) -> ColumnElement[str | None]:
    """How sure a record is that was brought in: as sure as the organisation's entry."""
    entry = select(_f.confidence).where(_f.organisation_id == _ORGANISATION, _f.kind == said(LISTED))
    return case((source == said(Source.IMPORT.value), entry.scalar_subquery()), else_=null())


def _certificate(more: ColumnElement[object]) -> ColumnElement[object]:
    which = func.jsonb_build_object(
        said("certificate_id"), _c.id, said("reference"), _c.reference, said("standard_version"), _c.standard_version,
        said("level"), _c.level,
    )  # fmt: skip
    return which.op("||")(more)


_facts = select(
    _f.happened.label("happened"),
    _f.kind.label("kind"),
    _f.details.label("details"),
    _f.confidence.label("confidence"),
    said("fact").label("source"),
).where(_f.organisation_id == _ORGANISATION)

_decisions = (
    select(
        _day(_d.effective_on),
        case({said(kind): said(word) for kind, word in TOLD.items()}, value=_d.kind, else_=_d.kind),
        _certificate(func.jsonb_strip_nulls(func.jsonb_build_object(said("reason_code"), _d.reason_code))),
        _confidence(_c.source),
        said("certificate"),
    )
    .join(Certificate.__table__, _c.id == _d.certificate_id)
    .where(_d.organisation_id == _ORGANISATION, _d.effective_on <= TODAY)
)

_ran_out = ran_out_on()
_expiries = (
    select(
        _day(_ran_out),
        said("certificate_expired"),
        _certificate(func.jsonb_build_object(said("expires_on"), _ran_out - literal_column("1"))),
        _confidence(_c.source),
        said("certificate"),
    )
    .select_from(Certificate.__table__)
    .where(
        _c.organisation_id == _ORGANISATION,
        _ran_out <= TODAY,
        or_(_c.ended_on.is_(None), _c.ended_on > _ran_out),
    )
)

_handed_over = select(
    _day(_x.effective_on),
    said("certificate_handed_over"),
    func.jsonb_build_object(
        said("certificate_id"), _x.resource_id, said("organisation_id"), _x.data["organisation_id"].astext
    ),
    null(),
    said("certificate"),
).where(
    _x.type == said("certificate.transferred"),
    FORMER_HOLDER == _ORGANISATION,
    _x.effective_on <= TODAY,
)
"""What the organisation held once and another one holds since. It is told of the transfer, and of nothing after it."""

_agreements = (
    select(
        _day(_e.signed_on),
        said("agreement_signed"),
        func.jsonb_build_object(
            said("enrolment_id"), _e.id, said("project"), _p.code, said("strand"), _s.code,
            said("agreement_number"), _e.agreement_number,
        ),
        _confidence(_e.source),
        said("enrolment"),
    )
    .join(Strand.__table__, _s.id == _e.strand_id)
    .join(Project.__table__, _p.id == _e.project_id)
    .where(_e.organisation_id == _ORGANISATION, _e.signed_on <= TODAY)
)  # fmt: skip

_line = union_all(_facts, _decisions, _expiries, _handed_over, _agreements).subquery("line")

TIMELINE = compiled(
    select(cast(func.row_to_json(literal_column("line")), Text).label("body"))
    .select_from(_line)
    .order_by(_line.c.happened.collate("C").asc().nulls_first(), _line.c.kind.collate("C"))
)
"""Everything of one organisation (`id`) up to `today`: what has no date first, the rest as it happened."""
