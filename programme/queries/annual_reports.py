"""Reading annual reports: their flags in SQL, what the guards look at, and every submission with what was found of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    ColumnElement,
    Date,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    literal_column,
    not_,
    null,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by, array

from programme.queries.certificates import CERTIFICATES
from programme.queries.code_lists import in_county
from programme.queries.organisations import ORGANISATIONS
from programme.queries.views import (
    TODAY,
    Expansion,
    View,
    between,
    compiled,
    derived,
    equals,
    found_in,
    moment,
    object_of,
    one_of,
    said,
)
from programme.rules import annual_reports as rules
from programme.rules.annual_reports import (
    LIFECYCLE,
    AnnualReportFacts,
    Extension,
    Flag,
    Obligation,
    Timeliness,
    VoidReason,
)
from programme.tables import (
    AnnualReport,
    AnnualReportDraft,
    AnnualReportReview,
    AnnualReportSubmission,
    Certificate,
    Organisation,
)
from programme.work import Actor

_r, _c, _o = AnnualReport.__table__.c, Certificate.__table__.c, Organisation.__table__.c
_s, _v, _d = AnnualReportSubmission.__table__.c, AnnualReportReview.__table__.c, AnnualReportDraft.__table__.c

_NONE = literal_column("'[]'::jsonb", type_=JSONB)


def due_on(day: ColumnElement[Any]) -> ColumnElement[date]:
    """The last day to submit in time as it stood on a day; `rules.annual_reports.due_on` says the same."""
    one = func.jsonb_array_elements(_r.extensions).table_valued(column("value", JSONB), name="extension")

    def of_it(name: str) -> ColumnElement[str]:
        return one.c.value.op("->>", return_type=Text())(said(name))

    not_yet = (
        select(func.min(cast(of_it("due_on"), Date)))
        .where(cast(of_it("granted"), Boolean), cast(of_it("decided_on"), Date) > day)
        .correlate_except(one)
        .scalar_subquery()
    )
    return case((_r.extensions == _NONE, _r.due_on), else_=func.coalesce(not_yet, _r.due_on))


def flags_on(day: ColumnElement[Any]) -> ColumnElement[list[str]]:
    """The flags of a report on a day; `rules.annual_reports.flags` says the same, proven equal by test."""
    open_still = and_(or_(_r.first_submitted_on.is_(None), _r.first_submitted_on > day), _owed_on(day))
    due = due_on(day)
    raised = {
        Flag.OPEN: and_(open_still, _r.opens_on <= day),
        Flag.DUE_SOON: and_(open_still, due - _r.due_soon_days <= day, due >= day),
        Flag.OVERDUE: and_(open_still, due < day),
        Flag.DELINQUENT: and_(open_still, due + _r.grace_days < day),
        Flag.LATE: _late_on(day),
    }
    each: array[Any] = array([case((holds, said(flag.value))) for flag, holds in raised.items()], type_=Text)
    return func.array_remove(each, null(), type_=ARRAY(Text))


def timeliness_on(day: ColumnElement[Any]) -> ColumnElement[str]:
    """How a report stands on a day; `rules.annual_reports.timeliness` says the same, proven equal by test."""
    return case(
        (_late_on(day), said(Timeliness.LATE.value)),
        (_r.first_submitted_on <= day, said(Timeliness.ON_TIME.value)),
        (not_(_owed_on(day)), said(Timeliness.NOT_OWED.value)),
        (due_on(day) < day, said(Timeliness.OVERDUE.value)),
        else_=said(Timeliness.UPCOMING.value),
    )


def _late_on(day: ColumnElement[Any]) -> ColumnElement[bool]:
    """Handed in by the day, and after the last day as it stood then."""
    return and_(_r.first_submitted_on <= day, _r.first_submitted_on > due_on(_r.first_submitted_on))


def _owed_on(day: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a report is owed at all on the day, handed in or not."""
    return and_(
        or_(_r.waived_on.is_(None), _r.waived_on > day),
        _r.void_reason.is_distinct_from(said(VoidReason.IMPORTED.value)),
        or_(_r.lapses_on.is_(None), _r.lapses_on > day),
    )


def extensions(kept: list[dict[str, Any]]) -> tuple[Extension, ...]:
    """The extensions of a report as the rules take them."""
    return tuple(
        Extension(
            due_on=date.fromisoformat(one["due_on"]),
            new_due_on=date.fromisoformat(one["new_due_on"]),
            granted=one["granted"],
            decided_on=date.fromisoformat(one["decided_on"]) if one["decided_on"] else None,
        )
        for one in kept
    )


def judge(row: Mapping[str, Any], actor: Actor, today: date) -> AnnualReportFacts:
    """The facts that the guards of an annual report look at."""
    moved = extensions(json.loads(row["extensions"]))
    owed = Obligation(row["opens_on"], row["due_on"], lapses_on=row["lapses_on"], extensions=moved)
    latest = rules.latest_due_on(owed, row["extension_days"])
    return AnnualReportFacts(
        state=row["state"],
        today=today,
        opens_on=row["opens_on"],
        due_on=row["due_on"],
        latest_due_on=latest if latest > max(row["due_on"], today) else None,
        asked_for=next((one.new_due_on for one in moved if one.granted is None), None),
        certificate_ended=row["lapses_on"] is not None and row["lapses_on"] <= today,
        caller_commented=actor.client_id is not None and actor.client_id in row["commented_by"],
    )


_FLAGS = flags_on(TODAY)

EXTENSION_REQUESTED = and_(
    _r.state.in_([said(state) for state in rules.UNSUBMITTED]),
    _r.extensions.op("@>")(literal_column("""'[{"granted": null}]'::jsonb""", type_=JSONB)),
)

_COMMENTED = (
    select(_v.reviewed_by)
    .where(_v.annual_report_id == _r.id, _v.kind == said("comment"), _v.reviewed_by.is_not(None))
    .correlate(AnnualReport.__table__)
)
"""Who gave feedback on the report as its auditor."""

ANNUAL_REPORTS = View(
    name="annual_reports",
    source=AnnualReport.__table__.outerjoin(Organisation.__table__, _o.id == _r.organisation_id).outerjoin(
        Certificate.__table__, _c.id == _r.certificate_id
    ),
    id=_r.id,
    version=_r.version,
    fields={
        "id": _r.id,
        "certificate_id": _r.certificate_id,
        "organisation_id": _r.organisation_id,
        "sequence": _r.sequence,
        "opens_on": _r.opens_on,
        "due_on": due_on(TODAY),
        "first_due_on": due_on(literal_column("'-infinity'::date", type_=Date)),
        "resubmit_by": _r.resubmit_by,
        "state": _r.state,
        "flags": _FLAGS,
        "first_submitted_at": moment(_r.first_submitted_at),
        "submitted_at": moment(_r.submitted_at),
        "submissions": _r.submissions,
        "void_reason": _r.void_reason,
        "extensions": func.coalesce(_r.extensions, _NONE),  # a version of before there were any has none
        "waived_on": _r.waived_on,
        "reason": _r.reason,
        "version": _r.version,
    },
    keys={"id": _r.id},
    filters={
        "state": one_of(_r.state, "state"),
        "flag": _FLAGS.op("&&")(bindparam("flag", type_=ARRAY(Text))),
        "extension_requested": bindparam("extension_requested", type_=Boolean) == EXTENSION_REQUESTED,
        "certificate_id": equals(_r.certificate_id, "certificate_id"),
        "organisation_id": equals(_r.organisation_id, "organisation_id"),
        "sequence": equals(_r.sequence, "sequence"),
        "timeliness": derived(one_of(timeliness_on(TODAY), "timeliness")),
        "standard": one_of(_c.standard, "standard"),
        "municipality": one_of(_o.municipality, "municipality"),
        "county": in_county(_o.municipality, "county"),
        "q": or_(found_in(_o.search, "q"), found_in(func.fold(_c.reference), "q")),
        **between(_r.due_on, "due_on"),
        **between(_r.opens_on, "opens_on"),
    },
    sorts={"due_on": _r.due_on, "opens_on": _r.opens_on, "id": _r.id},
    default_sort="due_on",
    expands={
        "certificate": Expansion(CERTIFICATES, _r.certificate_id),
        "organisation": Expansion(ORGANISATIONS, _r.organisation_id),
    },
    owner=_r.organisation_id,
    facts={
        "state": _r.state,
        "opens_on": _r.opens_on,
        "due_on": _r.due_on,
        "lapses_on": _r.lapses_on,
        "extensions": cast(_r.extensions, Text),
        "extension_days": _r.extension_days,
        "commented_by": func.array(_COMMENTED.scalar_subquery(), type_=ARRAY(Uuid)),
    },
    lifecycle=LIFECYCLE,
    judge=judge,
)

_EMPTY_PARTS = literal_column(
    """'{"performance": null, "progress": null, "development": null, "improvements": [], "plans": []}'::jsonb""",
    type_=JSONB,
)

DRAFTS = View(
    name="annual_report_drafts",
    source=AnnualReport.__table__.outerjoin(AnnualReportDraft.__table__, _d.annual_report_id == _r.id),
    id=_r.id,
    version=_r.version,
    fields={
        "annual_report_id": _r.id,
        "parts": func.coalesce(_EMPTY_PARTS.op("||")(_d.parts), _EMPTY_PARTS),
        "results": func.coalesce(_d.results, _NONE),
        "saved_at": moment(_d.saved_at),
        "version": _r.version,
    },
    keys={"id": _r.id},
    owner=_r.organisation_id,
)
"""A report as it is written, under the version of the report itself."""

_REVIEWS = (
    object_of(
        AnnualReportReview.__table__,
        {
            "kind": _v.kind,
            "reviewed_at": moment(_v.reviewed_at),
            "reason": _v.reason,
            "resubmit_by": _v.resubmit_by,
            "feedback": _v.feedback,
        },
    )
    .with_only_columns(
        func.coalesce(
            func.json_agg(aggregate_order_by(func.row_to_json(literal_column("f")), _v.number)),
            literal_column("'[]'::json"),
        )
    )
    .where(_v.annual_report_id == _s.annual_report_id, _v.submission == _s.number)
    .correlate(AnnualReportSubmission.__table__)
    .scalar_subquery()
)

SUBMISSIONS = compiled(
    object_of(
        AnnualReportSubmission.__table__,
        {
            "number": _s.number,
            "submitted_at": moment(_s.submitted_at),
            "parts": _EMPTY_PARTS.op("||")(_s.parts),
            "results": _s.results,
            "reviews": _REVIEWS,
        },
    )
    .where(_s.annual_report_id == bindparam("id", type_=Uuid))
    .order_by(_s.number)
)
"""Every version of one report (`id`) as it was handed in, oldest first, each with what was found of it."""
