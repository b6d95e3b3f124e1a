"""What an explanation is made from, as it was known at the moment and on the day that are asked about."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, Select, Text, Uuid, bindparam, cast, func, select, true

from programme.database import Connection
from programme.queries.annual_reports import extensions
from programme.queries.past import Past
from programme.queries.views import Statement, compiled, one, rows, said
from programme.rules import annual_reports as report_rules
from programme.rules import certificates as rules
from programme.rules import explanations
from programme.rules.certificates import REGISTER_STATUS, Decisions, Span, Status
from programme.rules.explanations import DecisionThen, PolicyThen, ProjectThen
from programme.rules.sight import Sees
from programme.rules.steps import Step, Told, decided
from programme.tables import AnnualReport, Certificate, CertificateDecision, Enrolment, Event, Policy, Project

_c, _d, _e, _p = Certificate.__table__.c, CertificateDecision.__table__.c, Event.__table__.c, Policy.__table__.c
_r, _n, _j = AnnualReport.__table__.c, Enrolment.__table__.c, Project.__table__.c


@dataclass(frozen=True, slots=True)
class Asked:
    """The question: of which resource, whom it may be told, on which day, and by what was known when."""

    connection: Connection
    key: UUID
    sees: Sees
    past: Past | None
    on: date
    known_at: datetime | None

    async def one(self, statement: Callable[[Past | None, Sees], Statement]) -> Any:
        return await one(self.connection, statement(self.past, self.sees), **self._given)

    async def rows(self, statement: Callable[[Past | None, Sees], Statement]) -> list[Any]:
        return await rows(self.connection, statement(self.past, self.sees), **self._given)

    @property
    def _given(self) -> dict[str, Any]:
        return {"id": self.key, "today": self.on, "known_at": self.known_at}


@dataclass(frozen=True, slots=True)
class Explanation:
    """`outcome`: what is explained, by the names that it has in the resource."""

    outcome: Mapping[str, Any]
    steps: list[Step]


Explain = Callable[[Asked], Awaitable[Explanation]]

_ID = bindparam("id", type_=Uuid)


def _policy_on(version: ColumnElement[Any], day: ColumnElement[Any]) -> FromClause:
    """What the owner of the version had decided by the day, that is its policy of then."""
    return (
        select(*(_p[name].label(f"policy_{name}") for name in _POLICY))
        .where(_p.standard_version == version, _p.effective_from <= day)
        .order_by(_p.effective_from.desc())
        .limit(1)
        .lateral("policy_then")
    )


_POLICY = ("standard_version", "effective_from", "validity_months", "annual_reports_at_months", "report_opens_days")


def _policy_of(row: Mapping[str, Any]) -> PolicyThen | None:
    if row["policy_effective_from"] is None:
        return None
    return PolicyThen(*(row[f"policy_{name}"] for name in _POLICY))


@lru_cache
def _certificate(past: Past | None, sees: Sees) -> Statement:
    policy = _policy_on(_c.standard_version, _c.certified_on)
    names = ("certified_on", "periods", "suspensions", "ended_as", "ended_on", "expiring_days")
    source = Certificate.__table__.outerjoin(policy, true())
    query = select(*(_c[name] for name in names), *policy.c).select_from(source).where(_c.id == _ID)
    return compiled(query, past, sees)


@lru_cache
def _decisions(past: Past | None, sees: Sees) -> Statement:
    names = ("number", "kind", "effective_on", "decided_at", "reason_code", "decision_ref")
    return compiled(
        select(*(_d[name] for name in names)).where(_d.certificate_id == _ID).order_by(_d.number), past, sees
    )


async def certificate(asked: Asked) -> Explanation:
    """Why a certificate has its status."""
    row = await asked.one(_certificate)
    basis = Decisions(
        periods=[_span(days) for days in row["periods"]],
        suspensions=[_span(days) for days in row["suspensions"]],
        ended_as=Status(row["ended_as"]) if row["ended_as"] else None,
        ended_on=row["ended_on"],
        expiring_days=row["expiring_days"],
    )
    taken = [DecisionThen(**one) for one in await asked.rows(_decisions)]
    steps = explanations.certificate(asked.on, asked.known_at, row["certified_on"], _policy_of(row), taken, basis)
    status = rules.status(asked.on, basis)
    return Explanation({"status": status, "register_status": REGISTER_STATUS.get(status)}, steps)


def _span(days: Any) -> Span:
    return Span(days.lower, days.upper - timedelta(days=1) if days.upper else None)


@lru_cache
def _annual_report(past: Past | None, sees: Sees) -> Statement:
    policy = _policy_on(_c.standard_version, _c.certified_on)
    names = ("sequence", "opens_on", "due_on", "state", "void_reason", "first_submitted_on", "due_soon_days", "grace_days",
             "lapses_on", "waived_on")  # fmt: skip
    moved = cast(_r.extensions, Text).label("extensions")
    source = AnnualReport.__table__.join(Certificate.__table__, _c.id == _r.certificate_id).outerjoin(policy, true())
    query = select(*(_r[name] for name in names), moved, _c.certified_on, *policy.c).select_from(source)
    return compiled(query.where(_r.id == _ID), past, sees)


async def annual_report(asked: Asked) -> Explanation:
    """Why an annual report is in its state and has its flags."""
    row = await asked.one(_annual_report)
    owed = report_rules.Obligation(
        opens_on=row["opens_on"],
        due_on=row["due_on"],
        state=report_rules.State(row["state"]),
        void_reason=report_rules.VoidReason(row["void_reason"]) if row["void_reason"] else None,
        first_submitted_on=row["first_submitted_on"],
        due_soon_days=row["due_soon_days"],
        grace_days=row["grace_days"],
        lapses_on=row["lapses_on"],
        waived_on=row["waived_on"],
        extensions=extensions(json.loads(row["extensions"] or "[]")),
    )
    told = [Told(**one) for one in await asked.rows(_states)]
    steps = explanations.annual_report(
        asked.on, asked.known_at, row["certified_on"], row["sequence"], _policy_of(row), told, owed
    )
    return Explanation({"state": owed.state, "flags": report_rules.flags(asked.on, owed)}, steps)


@lru_cache
def _states(past: Past | None, sees: Sees) -> Statement:
    """Each state that the resource came to be in, in the order of recording."""
    state = _e.data[said("state")].astext
    query = (
        select(state.label("state"), _e.effective_on, _e.occurred_at.label("recorded_at"))
        .where(_e.resource_id == _ID, func.jsonb_exists(_e.data, said("state")))
        .order_by(_e.resource_version)
    )
    return compiled(query, past, sees)


@lru_cache
def _enrolment(past: Past | None, sees: Sees) -> Statement:
    source = Enrolment.__table__.join(Project.__table__, _j.id == _n.project_id)
    query: Select[Any] = select(_n.state, _j.code, _j.starts_on, _j.ends_on).select_from(source).where(_n.id == _ID)
    return compiled(query, past, sees)


async def enrolment(asked: Asked) -> Explanation:
    """Why an enrolment is in its state."""
    row = await asked.one(_enrolment)
    told = [Told(**one) for one in await asked.rows(_states)]
    project = ProjectThen(row["code"], row["starts_on"], row["ends_on"])
    steps = explanations.enrolment(asked.on, asked.known_at, project, told)
    return Explanation({"state": decided(steps)[-1]}, steps)
