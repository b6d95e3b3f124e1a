"""Certificates in force with what their holders owe, made by the services without the road that leads to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from programme.database import Connection, Database
from programme.services import certificates
from programme.tables import Certificate, Organisation
from programme.work import begin
from tests.world import legal_code


@dataclass(frozen=True, slots=True)
class Made:
    """The ids of a certificate, of its holder, and of its reports in their order."""

    organisation: UUID
    certificate: UUID
    reports: list[UUID]


async def a_certificate(
    database: Database,
    certified_on: str,
    *,
    organisation: UUID | None = None,
    reference: str | None = None,
    clock: UUID | None = None,
    version: str = "EQUASS-2018",
) -> Made:
    """An EQUASS certificate of a whole organisation (a new one where none is given), certified on the day."""
    day = date.fromisoformat(certified_on)
    async with begin(database, clock=clock) as work:
        if organisation is None:
            holder = Organisation(
                legal_code=legal_code(), name="Leliūnų socialinės globos namai", kind="budgetary_institution",
                municipality="LT-54", former_names=[], external_ids=[], source="entry",
            )  # fmt: skip
            organisation = (await work.add(holder, "organisation.registered")).id
        certificate = Certificate(
            organisation_id=organisation, standard="EQUASS", standard_version=version, level="ASSURANCE",
            scope={"services": [], "sites": [], "unit": None},
        )  # fmt: skip
        await work.add(certificate, "certificate.drafted")
        policy = await certificates.policy_on(work, certificate.standard_version, day)
        assert policy is not None
        await certificates.put_in_force(work, certificate, reference, day, policy)
        await certificates.keep_apart(work, certificate)
        await work.record("certificate.granted", certificate, effective_on=day)
        reports = certificates.obligations(certificate, policy)
        for report in reports:
            await work.add(report, "annual_report.scheduled", effective_on=day)
        return Made(organisation, certificate.id, [report.id for report in reports])


async def many_certificates(connection: Connection, count: int, certified_on: str, expires_on: str) -> None:
    """So many certificates without obligations, each of an organisation of its own; `next_change_on` is their end."""
    await connection.execute(_MANY, count, date.fromisoformat(certified_on), date.fromisoformat(expires_on))


_MANY = """
with holder as (
    insert into organisation (name, source) select 'Organizacija ' || n, 'import' from generate_series(1, $1) as n
    returning *
),
made as (
    insert into certificate (organisation_id, standard, standard_version, level, scope, certified_on, valid_from,
                             expires_on, periods, notice_days, next_change_on)
    select id, 'EQUASS', 'EQUASS-2018', 'ASSURANCE', '{"services": [], "sites": [], "unit": null}', $2::date, $2::date,
           $3::date, datemultirange(daterange($2::date, $3::date, '[]')), '{180, 90, 30}', $3::date + 1
      from holder
    returning *
),
held as (
    insert into certificate_period (organisation_id, certificate_id, standard, service, site, valid_from, expires_on)
    select organisation_id, id, standard, '*', '00000000-0000-0000-0000-000000000000', valid_from, expires_on from made
)
insert into event (type, occurred_at, effective_on, actor_type, actor_id, organisation_id, resource_type, resource_id,
                   resource_version, data, previous)
select 'organisation.imported', now(), $2::date, 'system', 'system', id, 'organisation', id, 1,
       to_jsonb(holder) - 'id' - 'version' - 'sort_name' - 'search' - 'municipality_key' - 'known_from', '{}'::jsonb
  from holder
 union all
select 'certificate.imported', now(), $2::date, 'system', 'system', organisation_id, 'certificate', id, 1,
       to_jsonb(made) - 'id' - 'version' - 'periods' - 'suspensions' - 'notice_days' - 'next_change_on' - 'expiring_days'
           - 'municipality_key' - 'known_from' - 'holds_from', '{}'
  from made
"""
