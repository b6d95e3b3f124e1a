"""The generated programme: organisations, certificates in every status, reports and ratings, the same at every run.

Rows are what the services would have written by yesterday's end, the daily pass included: dates follow from
`programme.rules`, every constraint holds, and `next_change_on` says what is still to be made known. What has a history
(organisations, certificates) has one event; ratings have none, since a million of them would tell nothing new.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import asyncpg
from asyncpg import Range

from programme.rules import annual_reports, certificates
from programme.rules.annual_reports import Obligation
from programme.rules.legal_codes import check_digit
from programme.rules.scopes import scope
from programme.tables.certificates import NOWHERE

LEGAL_CODES = 100_000
"""As many synthetic ones (999…) as there are; organisations beyond have none."""

VALIDITY_MONTHS, REPORTS_AT_MONTHS = 36, (12, 24)
EXPIRING_DAYS, NOTICE_DAYS = 180, [180, 90, 30]
OPENS_DAYS, DUE_SOON_DAYS, GRACE_DAYS = 60, 30, 30
STANDARD, VERSION, LEVEL = "EQUASS", "EQUASS-2018", "ASSURANCE"
CRITERIA = 50

CERTIFIED_DAYS_AGO = {
    "active": (1, 910),
    "expiring": (920, 1090),
    "expired": (1100, 2500),
    "suspended": (200, 900),
    "withdrawn": (700, 2500),
    "not_yet_valid": (-60, -1),
}
SHARES = {
    "active": 42, "expiring": 10, "expired": 30, "suspended": 3, "withdrawn": 5, "not_yet_valid": 2, "draft": 6,
    "refused": 2,
}  # fmt: skip
_STATUSES, _WEIGHTS = list(SHARES), list(SHARES.values())
SUPERSEDED_SHARE = 0.08
"""Of the organisations with two certificates: in how many the second took the first one's place."""

PLACES = (
    "Ąžuolyno", "Beržyno", "Čiobiškio", "Dotnuvos", "Eglyno", "Fredos", "Gėlių", "Ignalinos", "Įlankos", "Jovarų",
    "Kupiškio", "Leliūnų", "Merkinės", "Nemuno", "Obelių", "Padvarių", "Rokų", "Skroblų", "Šilo", "Tulpių", "Ūlos",
    "Viltės", "Zapyškio", "Žvėryno",
)  # fmt: skip
KINDS = (
    "socialinės globos namai", "dienos centras", "šeimos namai", "krizių centras", "paslaugų namai", "bendruomenė",
    "globos centras", "užimtumo centras", "savarankiško gyvenimo namai",
)  # fmt: skip
FORMS = ("budgetary_institution", "public_institution", "ngo", "private")


Block = dict[str, list[dict[str, Any]]]

_BLOCK = 5000


@dataclass(frozen=True, slots=True)
class Size:
    organisations: int
    certificates: int
    assessments: int
    """With 50 ratings each; the last `unrated` of them have none yet, and are an auditor's who has rated as many. All
    others are another's: how many organisations somebody may know of is part of what a request costs them."""
    unrated: int

    def divided(self, by: int) -> Size:
        return Size(self.organisations // by, self.certificates // by, self.assessments // by, self.unrated // by)

    def times(self, by: int) -> Size:
        return Size(self.organisations * by, self.certificates * by, self.assessments, self.unrated)


async def generate(database_url: str, size: Size, today: date, auditor: UUID, busiest: UUID) -> None:
    """Fills a migrated database with a loaded catalogue. `auditor`, `busiest`: who carries out the assessments."""
    connection = await asyncpg.connect(database_url)
    try:
        await connection.set_type_codec("jsonb", encoder=_jsonb, decoder=bytes, schema="pg_catalog", format="binary")
        municipalities = [row["code"] for row in await connection.fetch("select code from municipality order by code")]
        services = [row["code"] for row in await connection.fetch("select code from service_type order by code")]
        await _copy(connection, "organisation", _organisations(size.organisations, municipalities))
        await connection.execute(_ASSESSMENTS, size.assessments, busiest, today, 2 * size.unrated, auditor)
        await connection.execute(_RATINGS, size.unrated)
        made = Made(size, services, today)
        block = made.certificates(range(0))
        for start in range(0, size.organisations + _BLOCK, _BLOCK):
            # One thread makes the next block while PostgreSQL takes this one.
            coming = asyncio.to_thread(made.certificates, range(start, min(start + _BLOCK, size.organisations)))
            block, _ = await asyncio.gather(coming, _copy_all(connection, block))
        await connection.execute(_CASES, today)
        for statement in (*_EVENTS, "vacuum (analyze)", "checkpoint"):
            await connection.execute(statement)
    finally:
        await connection.close()


async def _copy_all(connection: asyncpg.Connection, block: Block) -> None:
    for table, rows in block.items():
        await _copy(connection, table, rows)


async def _copy(connection: asyncpg.Connection, table: str, rows: Iterable[dict[str, Any]]) -> None:
    """The rows, which all have the same columns, in one COPY."""
    rows = iter(rows)
    if (first := next(rows, None)) is not None:
        records = (tuple(row.values()) for rest in ((first,), rows) for row in rest)
        await connection.copy_records_to_table(table, columns=list(first), records=records)


def identity(kind: int, n: int) -> UUID:
    """Rises with `n`, as the ids that the database gives rise with time."""
    moment = 0x0194_0000_0000 + n  # milliseconds, in January 2025
    return UUID(int=moment << 80 | 7 << 76 | kind << 64 | 2 << 62 | n)


def _jsonb(value: Any) -> bytes:
    """As COPY takes it: the number of the format, then the text."""
    return b"\x01" + json.dumps(value, ensure_ascii=False).encode()


def _organisations(count: int, municipalities: list[str]) -> Iterator[dict[str, Any]]:
    random = Random("organisations")
    for n in range(count):
        first = f"999{n:05d}"
        yield {
            "id": identity(1, n),
            "legal_code": f"{first}{check_digit(first)}" if n < LEGAL_CODES else None,
            "name": f"{random.choice(PLACES)} {random.choice(KINDS)} {n}",
            "kind": random.choice(FORMS),
            "municipality": random.choice(municipalities),
            "address": f"Ąžuolų g. {n % 97 + 1}, Lietuva",
            "website": None,
            "source": "entry" if n < LEGAL_CODES else "import",
        }


class Made:
    """Makes the rows of certificates and of what hangs on them."""

    def __init__(self, size: Size, services: list[str], today: date) -> None:
        self._size = size
        self._services = services
        self._today = today
        self._random = Random("certificates")
        self._block: Block = {}

    def certificates(self, organisations: range) -> Block:
        """All rows of the certificates of these organisations, by table in the order in which they can be put in."""
        tables = ("certificate", "certificate_period", "certificate_decision", "annual_report")
        self._block = {table: [] for table in tables}
        each, rest = divmod(self._size.certificates, self._size.organisations)
        for n in organisations:
            self._certificates_of(n, each + (n < rest))
        return self._block

    def _certificates_of(self, n: int, count: int) -> None:
        """The certificates of one organisation, each for services of its own, so that no two overlap; or the second
        for the same ones as the first, whose place it takes."""
        random, today = self._random, self._today
        done = 0
        if count >= 2 and random.random() < SUPERSEDED_SHARE:
            second = today - timedelta(days=random.randint(1, 910))
            first = second - timedelta(days=random.randint(400, 1090))
            self._certificate(n, 0, 0, "superseded", certified_on=first, ended_on=second)
            self._certificate(n, 1, 0, "active", certified_on=second, predecessor=0)
            done = 2
        for place in range(done, count):
            status = random.choices(_STATUSES, _WEIGHTS)[0]
            certified_on = ended_on = None
            if ago := CERTIFIED_DAYS_AGO.get(status):
                certified_on = today - timedelta(days=random.randint(*ago))
            if status == "withdrawn" and certified_on:
                ended_on = certified_on + timedelta(days=random.randint(60, 690))
            elif status == "refused":
                ended_on = today - timedelta(days=random.randint(1, 2000))
            self._certificate(n, place, place, status, certified_on=certified_on, ended_on=ended_on)

    def _certificate(
        self,
        n: int,
        place: int,
        services: int,
        status: str,
        *,
        certified_on: date | None,
        ended_on: date | None = None,
        predecessor: int | None = None,
    ) -> None:
        """Number `place` of organisation `n`, for its one or two services number `services`."""
        random, known = self._random, self._services
        number = place * self._size.organisations + n
        chosen = scope(known[(n + services * 2 + more) % len(known)] for more in range(1 + (n % 4 == 0)))
        expires_on = certificates.last_valid_day(certified_on, VALIDITY_MONTHS) if certified_on else None
        suspended = None
        if status == "suspended" and certified_on:
            suspended = certified_on + timedelta(days=random.randint(30, 190))
        review_by = suspended + timedelta(days=180) if suspended else None
        course = certificates.Course(expires_on, NOTICE_DAYS, ended_on, review_by) if expires_on else None
        row = {
            "id": identity(2, number),
            "organisation_id": identity(1, n),
            "reference": f"LIT{certified_on.year}-{number:07d}" if certified_on else None,
            "standard": STANDARD,
            "standard_version": VERSION,
            "level": LEVEL,
            "scope": chosen,
            "certified_on": certified_on,
            "valid_from": certified_on,
            "expires_on": expires_on,
            "periods": [_days(certified_on, expires_on)] if certified_on else [],
            "suspensions": [_days(suspended, None)] if suspended else [],
            "suspended_from": suspended,
            "review_by": review_by,
            "ended_as": status if ended_on else None,
            "ended_on": ended_on,
            "expiring_days": EXPIRING_DAYS,
            "notice_days": NOTICE_DAYS if certified_on else [],
            "next_change_on": certificates.next_change(self._today, course) if course else None,
            "predecessor_id": None if predecessor is None else identity(2, predecessor * self._size.organisations + n),
            "service_users": random.randint(5, 200),
            "staff": random.randint(3, 120),
            "source": "import" if certified_on else "decision",
        }
        self._block["certificate"].append(row)
        self._decisions(row, status)
        if certified_on and expires_on:
            self._periods(row)
            self._reports(row, number, certified_on, expires_on)

    def _decisions(self, row: dict[str, Any], status: str) -> None:
        kinds = {"suspended": "suspend", "withdrawn": "withdraw", "refused": "refuse", "superseded": "supersede"}
        decided = [("import", row["certified_on"])] if row["certified_on"] else []
        if status in kinds:
            decided.append((kinds[status], row["suspended_from"] or row["ended_on"]))
        for number, (kind, day) in enumerate(decided, start=1):
            self._block["certificate_decision"].append(
                {
                    "organisation_id": row["organisation_id"],
                    "certificate_id": row["id"],
                    "number": number,
                    "kind": kind,
                    "effective_on": day,
                    "decided_at": _noon(day),
                }
            )

    def _periods(self, row: dict[str, Any]) -> None:
        for service in row["scope"]["services"]:
            self._block["certificate_period"].append(
                {
                    "organisation_id": row["organisation_id"],
                    "certificate_id": row["id"],
                    "standard": STANDARD,
                    "service": service,
                    "site": NOWHERE,
                    "valid_from": row["valid_from"],
                    "expires_on": row["expires_on"],
                    "ended_on": row["ended_on"],
                }
            )

    def _reports(self, row: dict[str, Any], number: int, certified_on: date, expires_on: date) -> None:
        """Of those that are due nineteen of twenty were handed in, on the last day; the rest are overdue."""
        lapses_on = min(row["ended_on"] or date.max, expires_on + timedelta(days=1))
        due_dates = annual_reports.due_dates(certified_on, REPORTS_AT_MONTHS)
        for sequence, due_on in enumerate(due_dates, start=1):
            submitted = due_on if due_on <= min(self._today, lapses_on) and self._random.random() < 0.95 else None
            state = "approved" if submitted else "void" if lapses_on <= self._today else "scheduled"
            owed = Obligation(
                opens_on=due_on - timedelta(days=OPENS_DAYS),
                due_on=due_on,
                state=annual_reports.State(state),
                due_soon_days=DUE_SOON_DAYS,
                grace_days=GRACE_DAYS,
                lapses_on=lapses_on,
            )
            self._block["annual_report"].append(
                {
                    "id": identity(3, number * 2 + sequence),
                    "organisation_id": row["organisation_id"],
                    "certificate_id": row["id"],
                    "sequence": sequence,
                    "opens_on": owed.opens_on,
                    "due_on": due_on,
                    "state": state,
                    "void_reason": "certificate_ended" if state == "void" else None,
                    "first_submitted_at": _noon(submitted),
                    "first_submitted_on": submitted,
                    "submitted_at": _noon(submitted),
                    "submissions": 1 if submitted else 0,
                    "due_soon_days": DUE_SOON_DAYS,
                    "grace_days": GRACE_DAYS,
                    "lapses_on": lapses_on,
                    "next_change_on": annual_reports.next_change(self._today, owed),
                }
            )


def _days(first: date, last: date | None) -> Range:
    return Range(first, last + timedelta(days=1) if last else None)


def _noon(day: date | None) -> datetime | None:
    return datetime(day.year, day.month, day.day, 10, tzinfo=UTC) if day else None


_CASES = """
insert into compliance_case (organisation_id, certificate_id, annual_report_id, kind, state, opened_on)
select organisation_id, certificate_id, id, 'report_delinquent', 'open', due_on + grace_days + 1
  from annual_report
 where first_submitted_on is null and due_on + grace_days < least(lapses_on - 1, $1)
"""

_EVENT = """
insert into event (type, occurred_at, effective_on, actor_type, actor_id, organisation_id, resource_type, resource_id,
                   resource_version, data, previous)
"""

_EVENTS = (
    f"""{_EVENT}
select 'organisation.registered', now(), current_date, 'system', 'system', id, 'organisation', id, version,
       jsonb_build_object('name', name, 'legal_code', legal_code, 'kind', kind, 'municipality', municipality), '{{}}'
  from organisation
""",
    f"""{_EVENT}
select 'certificate.imported', now(), current_date, 'system', 'system', organisation_id, 'certificate', id, version,
       jsonb_build_object('reference', reference, 'scope', scope, 'certified_on', certified_on,
                          'expires_on', expires_on), '{{}}'
  from certificate
""",
)

_ASSESSMENTS = f"""
insert into assessment (organisation_id, kind, standard, standard_version, level, scope, catalogue, assessor, state,
                        planned_on, started_on)
select organisation.id, 'external_audit', version.standard, version.code, '{LEVEL}',
       jsonb_build_object('services', '[]'::jsonb, 'sites', '[]'::jsonb, 'unit', null), version.principles,
       case when place <= $4 then $5::uuid else $2 end, 'in_progress', $3::date - 30, $3::date - 10
  from (select id, row_number() over (order by id desc) as place
          from (select id from organisation order by id limit $1) as assessed) as organisation,
       standard_version as version
 where version.code = '{VERSION}'
 order by organisation.id
"""

_RATINGS = """
insert into rating (organisation_id, assessment_id, principle, criterion, rating, comment, recorded_at)
select assessment.organisation_id, assessment.id, principle.number, criterion.number, 'met',
       'Tvarkos aprašas patvirtintas ir taikomas.', now()
  from (select *, row_number() over (order by id desc) > $1 as is_rated from assessment) as assessment,
       jsonb_to_recordset(assessment.catalogue) as principle (number integer, criteria jsonb),
       jsonb_to_recordset(principle.criteria) as criterion (number text)
 where is_rated
"""
