"""What holds in every committed history, asked of the database itself: call `check` after whatever a test has done.

Each invariant is a query for the rows that break it. What has to be compared with the pure rules is read and judged here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import distinct_on

from programme.database import Database
from programme.queries.annual_reports import flags_on
from programme.queries.certificates import status_on
from programme.queries.views import TODAY
from programme.retries import again
from programme.rules import annual_reports as report_rules
from programme.rules import certificates as certificate_rules
from programme.rules.events import TYPES, UNTOLD
from programme.services.annual_reports import obligation
from programme.services.certificates.decisions import ahead
from programme.services.certificates.drafts import decisions
from programme.services.history import verify
from programme.tables import AnnualReport, Certificate, CertificateDecision, Event, JobRun, Recorded
from programme.work import Work, _plain, begin
from tests import payloads

BREAKS = {
    "each event belongs to the organisation that its resource had": """
        select event.id from event join {table} as row on row.id = event.resource_id
         where event.organisation_id is distinct from coalesce(
               (select (later.previous ->> 'organisation_id')::uuid from event as later
                 where later.resource_id = event.resource_id and later.resource_version > event.resource_version
                   and later.previous ? 'organisation_id'
                 order by later.resource_version limit 1), row.organisation_id)""",
}

BREAKS_ONCE = {
    "what is granted holds the days of its period for all that it covers": """
        select certificate.id, covered.service, covered.site
          from certificate
         cross join lateral (
               select coalesce(service, '*') as service, coalesce(site, '00000000-0000-0000-0000-000000000000') as site
                 from (select) as once
                 left join jsonb_array_elements_text(scope -> 'services') as service on true
                 left join jsonb_array_elements_text(scope -> 'sites') as site on true) as covered
          left join certificate_period as held
            on held.certificate_id = certificate.id and held.service = covered.service
           and held.site = covered.site::uuid and held.expires_on = certificate.expires_on
           and held.valid_from >= certificate.valid_from and held.ended_on is not distinct from certificate.ended_on
         where certificate.expires_on is not null
         group by certificate.id, covered.service, covered.site
        having count(held.id) = 0 or count(held.id) filter (where not isempty(held.effective)) > 1""",
    "days are held by their certificate's organisation, within its periods": """
        select held.id
          from certificate_period as held join certificate on certificate.id = held.certificate_id
         where held.organisation_id <> certificate.organisation_id or held.standard <> certificate.standard
            or not certificate.periods @> daterange(held.valid_from, held.expires_on, '[]')
           and held.expires_on >= lower(certificate.periods)
           and not exists (select from certificate_decision where certificate_id = certificate.id and kind = 'extend')""",
    "a certificate's revisions are numbered without a gap up to its own, and the last says what it says": """
        select certificate.id
          from certificate
          join lateral (select count(*) as count, min(number) as first, max(number) as last
                          from certificate_revision where certificate_id = certificate.id) as kept on true
          left join certificate_revision as now
            on now.certificate_id = certificate.id and now.number = certificate.revision
         where exists (select from certificate_decision
                        where certificate_id = certificate.id and kind in ('grant', 'import') and decided_by is not null)
           and (first, last, kept.count) is distinct from (1, revision, revision::bigint)
            or (now.holder_id, now.scope, now.valid_from, now.expires_on) is distinct from
               (certificate.organisation_id, certificate.scope, certificate.valid_from, certificate.expires_on)
           and now.id is not null""",
    "a vote counts for a draft that it could have seen": """
        select vote.id from certificate_vote as vote join certificate on certificate.id = vote.certificate_id
         where draft_version > certificate.version or vote.organisation_id <> certificate.organisation_id""",
    "an ended certificate waits for no answer": """
        select id from certificate where ended_on is not null and cancellation_requested_on is not null""",
    "a strand's taken places are its enrolments that hold one, within its capacity": """
        select strand.id
          from strand left join enrolment on enrolment.strand_id = strand.id
                            and enrolment.state in ('selected', 'active', 'completed')
         group by strand.id
        having places_taken <> count(enrolment.id) or places_taken > capacity""",
    "an active enrolment has its agreement": """
        select id from enrolment
         where state = 'active' and source = 'entry' and (agreement_number is null or signed_on is null)""",
    "an obligation belongs to the holder of its certificate, one for each year": """
        select report.id from annual_report as report join certificate on certificate.id = report.certificate_id
         where report.organisation_id <> certificate.organisation_id or certificate.expires_on is null""",
    "a report knows of each of its submissions, numbered without a gap": """
        select report.id
          from annual_report as report left join annual_report_submission as one on one.annual_report_id = report.id
         group by report.id
        having submissions <> count(one.id) or submissions <> coalesce(max(one.number), 0)
            or first_submitted_at > min(one.submitted_at) or report.submitted_at <> max(one.submitted_at)""",
    "what is closed waits for no day, and nobody waits beyond the certificate's end": """
        select id from annual_report
         where state in ('approved', 'waived', 'void') and next_change_on is not null
            or state not in ('approved', 'waived', 'void') and lapses_on is not null and next_change_on is null
            or next_change_on > lapses_on
         union all
        select id from certificate
         where next_change_on > ended_on or next_change_on > expires_on + 1 and next_change_on is distinct from ended_on""",
    "each report that was ever delinquent has one case, and no other has": """
        select coalesce(one.annual_report_id, event.resource_id)
          from compliance_case as one
          full join (select resource_id, min(effective_on) as effective_on from event
                      where type = 'annual_report.delinquent' group by resource_id) as event
            on event.resource_id = one.annual_report_id
         where one.id is null or event.resource_id is null or one.opened_on <> event.effective_on""",
    "a report says what a day brings once for each deadline that it has had": """
        select report.id, event.type
          from annual_report as report join event on event.resource_id = report.id
         where event.type in ('annual_report.opened', 'annual_report.due_soon', 'annual_report.overdue',
                              'annual_report.delinquent', 'annual_report.voided')
         group by report.id, event.type
        having count(*) > case when event.type in ('annual_report.opened', 'annual_report.voided') then 1
                               else 1 + jsonb_array_length(jsonb_path_query_array(extensions, '$[*] ? (@.granted == true)'))
                          end
            or count(*) <> count(distinct effective_on)""",
    "a deadline is the one first set or the last one granted": """
        select report.id
          from annual_report as report
         cross join lateral (
                   select (array_agg(one ->> 'new_due_on' order by place desc))[1]::date as last_due_on,
                          bool_or((one ->> 'due_on')::date >= (one ->> 'new_due_on')::date) as backwards
                     from jsonb_array_elements(extensions) with ordinality as listed (one, place)
                    where (one ->> 'granted')::boolean) as granted
         where due_on <> granted.last_due_on or granted.backwards""",
    "what a submission says of indicators stays what it was, of indicators of its organisation": """
        select said.id
          from annual_report_submission as said, jsonb_array_elements(results) as result
          left join indicator on indicator.id::text = result ->> 'indicator_id'
         where indicator.id is null or indicator.unit <> result ->> 'unit' or indicator.direction <> result ->> 'direction'""",
    "support is of an enrolment's own organisation, and by nobody of it": """
        select one.id from support_activity as one join enrolment on enrolment.id = one.enrolment_id
                 left join client on client.id = one.consultant
         where one.organisation_id <> enrolment.organisation_id or client.role = 'provider'""",
    "no event tells who a contact is": """
        select event.id
          from event join contact on contact.organisation_id = event.organisation_id,
               unnest(array[nullif(contact.name, ''), contact.email, contact.telephone]) as particular
         where strpos(concat(event.data, event.previous), particular) > 0""",
    "a contact is erased once": """
        select resource_id from event where type = 'contact.erased' group by resource_id having count(*) > 1
         union all
        select contact.id from contact left join event on resource_id = contact.id and type = 'contact.erased'
         where (erased_at is null) <> (event.id is null)""",
    "nothing changes its organisation unless it is transferred": """
        select resource_id, type from event
         where previous ->> 'organisation_id' is not null and type not like '%.transferred'""",
    "what belongs together belongs to one organisation": """
        select rating.id from rating join assessment on assessment.id = rating.assessment_id
         where rating.organisation_id <> assessment.organisation_id
         union all
        select assessment.id from assessment join enrolment on enrolment.id = assessment.enrolment_id
         where assessment.organisation_id <> enrolment.organisation_id
         union all
        select certificate.id from certificate join assessment on assessment.id = certificate.assessment_id
         where certificate.organisation_id <> assessment.organisation_id
           and not exists (select from certificate_decision as decision
                            where decision.certificate_id = certificate.id and kind = 'transfer')
         union all
        select compliance_case.id from compliance_case join certificate on certificate.id = certificate_id
         where compliance_case.organisation_id <> certificate.organisation_id""",
    "legal codes, references and agreement numbers are given once": """
        select legal_code from organisation where legal_code is not null group by 1 having count(*) > 1
         union all
        select reference from certificate where reference is not null group by 1 having count(*) > 1
         union all
        select agreement_number from enrolment where agreement_number is not null
         group by project_id, agreement_number having count(*) > 1""",
    "a reference once given stays with its certificate": """
        select resource_id from event where resource_type = 'certificate' and previous ->> 'reference' is not null""",
    "one enrolment of an organisation is open in a strand for one scope": """
        select min(id::text) from enrolment
         where state not in ('rejected', 'withdrawn', 'completed', 'terminated')
         group by organisation_id, strand_id, scope having count(*) > 1""",
    "an agreement is signed within its project's period": """
        select enrolment.id from enrolment join project on project.id = enrolment.project_id
         where enrolment.source = 'entry' and (signed_on < starts_on or signed_on > ends_on)""",
    "what was submitted has every criterion rated": """
        select assessment.id, asked ->> 'number'
          from assessment, jsonb_array_elements(catalogue) as branch, jsonb_array_elements(branch -> 'criteria') as asked
         where state in ('submitted', 'under_review', 'finalised')
           and not exists (select from rating
                            where assessment_id = assessment.id and rating.criterion = asked ->> 'number')""",
    "what was submitted is not rated any more": """
        select rating.id
          from (select resource_id, seq, type,
                       lead(seq) over (partition by resource_id order by resource_version) as until
                  from event where resource_type = 'assessment') as stay
          join rating on rating.assessment_id = stay.resource_id
          join event on event.resource_id = rating.id and event.seq > stay.seq
                    and event.seq < coalesce(stay.until, 'infinity'::float8)
         where stay.type in ('assessment.submitted', 'assessment.review_started', 'assessment.finalised')""",
    "what was submitted rests on nothing that was only carried forward": """
        select rating.id from rating join assessment on assessment.id = rating.assessment_id
         where rating.carried_from is not null and state in ('submitted', 'under_review', 'finalised')""",
    "a level lies on the scale of its assessment": """
        select rating.id
          from rating join assessment on assessment.id = rating.assessment_id,
               jsonb_path_query(rating.levels || jsonb_build_object('level', rating.level), '$[*].level ? (@ != null)') as found
         where not found::int between (scale ->> 'lowest')::int and (scale ->> 'highest')::int
         union all
        select rating.id
          from rating join assessment on assessment.id = rating.assessment_id, jsonb_to_recordset(levels) as one(perspective int)
         where not scale @> jsonb_build_object('perspectives', jsonb_build_array(jsonb_build_object('number', perspective)))
         union all
        select rating.id from rating, jsonb_to_recordset(levels) as one(perspective int)
         group by id, perspective having count(*) > 1""",
    "each submission of an assessment is kept, and the last one is what stands": """
        select assessment.id
          from assessment left join assessment_submission as one on one.assessment_id = assessment.id
         group by assessment.id having assessment.revision <> count(one.id) or assessment.revision <> coalesce(max(one.revision), 0)
         union all
        select assessment.id
          from assessment join assessment_submission as one on one.assessment_id = assessment.id and one.revision = assessment.revision
         where state in ('submitted', 'under_review', 'finalised')
           and jsonb_array_length(one.ratings) <> (
                 select count(*) from rating, jsonb_array_elements(one.ratings) as kept
                  where rating.assessment_id = assessment.id and kept = jsonb_build_object(
                        'criterion', criterion, 'rating', rating.rating, 'level', rating.level, 'levels', levels, 'comment', comment,
                        'evidence', evidence))""",
    "who audited has not decided": """
        select certificate.id
          from certificate join assessment on assessment.id = certificate.assessment_id
          join certificate_decision as decision on decision.certificate_id = certificate.id
         where decision.kind in ('grant', 'refuse', 'restore') and decision.decided_by = assessment.assessor
         union all
        select certificate.id
          from certificate join assessment on assessment.id = certificate.assessment_id
          join certificate_vote as vote on vote.certificate_id = certificate.id
         where vote.voter = assessment.assessor""",
    "live certificates of one organisation and standard do not overlap": """
        select one.certificate_id, other.certificate_id
          from certificate_period as one join certificate_period as other
            on other.organisation_id = one.organisation_id and other.standard = one.standard
           and other.certificate_id > one.certificate_id and other.effective && one.effective
         where (one.service = other.service or '*' in (one.service, other.service))
           and (one.site = other.site or '00000000-0000-0000-0000-000000000000' in (one.site, other.site))""",
    "nothing is granted twice, nor both granted and refused": """
        select certificate_id from certificate_decision where kind in ('grant', 'refuse', 'import')
         group by certificate_id having count(*) > 1""",
    "decisions are numbered without a gap": """
        select certificate_id from certificate_decision
         group by certificate_id having count(*) <> max(number) or min(number) <> 1""",
    "a last valid day moves by an extension or a restoration only": """
        select resource_id, type from event
         where resource_type = 'certificate' and previous ->> 'expires_on' is not null
           and type not in ('certificate.extended', 'certificate.restored')""",
    "what has ended for good stays ended": """
        select resource_id, type from event
         where resource_type = 'certificate' and previous ->> 'ended_as' is not null
           and type <> 'certificate.restored'""",
    "late stays late": """
        select resource_id, type from event
         where resource_type = 'annual_report' and previous ->> 'first_submitted_at' is not null""",
    "an approved report does not change": """
        select report.resource_id
          from event as report join event as later on later.resource_id = report.resource_id
                              and later.resource_version > report.resource_version
         where report.type = 'annual_report.approved' and later.type <> 'annual_report.transferred'""",
    "one report is owed for each certificate and year": """
        select certificate_id from annual_report group by certificate_id, sequence having count(*) > 1""",
    "a finding is of its assessment's frozen catalogue and its organisation's": """
        select finding.id
          from finding join assessment on assessment.id = finding.assessment_id
         where finding.organisation_id <> assessment.organisation_id
            or not jsonb_path_exists(catalogue, '$[*] ? (@.number == $principle).criteria[*] ? (@.number == $criterion)',
                   jsonb_build_object('principle', finding.principle, 'criterion', finding.criterion))""",
    "nobody verified what they answered themselves, nor what their organisation owns": """
        select finding.id
          from finding join client on client.id = finding.verified_by
         where verified_by = answered_by or client.organisation_id = finding.organisation_id""",
    "a finding repeats one of the same criterion that was finalised earlier": """
        select finding.id
          from finding join finding as earlier on earlier.id = finding.repeats_id
          join assessment on assessment.id = earlier.assessment_id
         where finding.organisation_id <> earlier.organisation_id or finding.criterion <> earlier.criterion
            or finding.assessment_id = earlier.assessment_id or assessment.state <> 'finalised'""",
    "what waits for no answer waits for no day": """
        select finding.id
          from finding join assessment on assessment.id = finding.assessment_id
         where finding.next_change_on is not null
           and (finding.next_change_on <> due_on + 1 or finding.state not in ('open', 'planned', 'reopened')
                or assessment.state in ('planned', 'in_progress', 'cancelled'))
         union all
        select id from assessment
         where next_change_on is not null and (state <> 'improvement' or next_change_on <> plan_due_on + 1)
         union all
        select id from enrolment where next_change_on is not null and state not in ('selected', 'active')""",
    "what is overdue by the last pass was told so, once for each day by which it was due": """
        select finding.id
          from finding join assessment on assessment.id = finding.assessment_id
         where finding.state in ('open', 'planned', 'reopened') and finding.next_change_on is null and due_on is not null
           and assessment.state not in ('planned', 'in_progress', 'cancelled')
           and not exists (select from event where resource_id = finding.id and type = 'finding.overdue'
                              and effective_on = due_on + 1)
         union all
        select resource_id from event
         where type in ('finding.overdue', 'assessment.improvement_overdue')
         group by resource_id, effective_on having count(*) > 1
         union all
        select resource_id from event
         where type in ('enrolment.stage_overdue', 'enrolment.outlives_project')
         group by resource_id, type, effective_on, data having count(*) > 1""",
    "only what was done is answered again": """
        select key from idempotency_key where status not between 200 and 299""",
    "each event of the daily pass is in the record of a run": """
        select type, sum(told), sum(counted)
          from (select type, 1 as told, 0 as counted from event where (actor_type, actor_id) = ('worker', 'daily')
                 union all
                select key, 0, value::int from job_run, jsonb_each_text(counts) where job = 'daily') as both_sides
         group by type having sum(told) <> sum(counted)""",
}


async def check(database: Database) -> None:
    """Fails with the name of the first invariant that does not hold. Asked anew where a fault before it has left a dead
    connection in the pool."""
    await again(lambda: _check(database))


async def _check(database: Database) -> None:
    async with begin(database) as work:
        work.keeps = False
        for kind in Recorded.__subclasses__():
            await _told_and_counted(work, kind)
            if hasattr(kind, "organisation_id"):
                table = str(kind.__table__.name)  # type: ignore[attr-defined]
                for name, query in BREAKS.items():
                    await _none(work, f"{name} ({table})", query.format(table=table))
        for name, query in BREAKS_ONCE.items():
            await _none(work, name, query)
        await _statuses_are_what_the_rules_say(work)
        await _expired_once_for_each_period(work)
        await _passes_come_on_the_days_of_the_rules(work)
        await _reports_say_what_the_rules_say(work)
        await _events_are_as_documented(work)
    history = await verify(database)
    assert history["ok"], history["first_bad"]


async def _events_are_as_documented(work: Work) -> None:
    """The newest event of each type has the shape that the document gives it."""
    newest = select(Event).ext(distinct_on(Event.type)).order_by(Event.type, Event.seq.desc())
    for event in await work.session.scalars(newest):
        if event.resource_type not in UNTOLD:
            assert event.type in TYPES
            found = payloads.wrong(event.resource_type, event.data) + payloads.wrong(
                event.resource_type, event.previous
            )
            assert not found, f"{event.type}: {found}"


async def _none(work: Work, name: str, query: str) -> None:
    found = (await work.session.execute(text(query))).all()
    assert not found, f"{name}: {found[:5]}"


async def _told_and_counted(work: Work, kind: type[Any]) -> None:
    """The version is the number of events, they are numbered without a gap, and folding them gives the row."""
    events: dict[Any, list[Event]] = defaultdict(list)
    query = select(Event).where(Event.resource_type == kind.resource).order_by(Event.resource_version)
    for event in await work.session.scalars(query):
        events[event.resource_id].append(event)
    for row in await work.session.scalars(select(kind).execution_options(populate_existing=True)):
        told = events.pop(row.id, [])
        where = f"{kind.resource} {row.id}"
        assert [event.resource_version for event in told] == list(range(1, row.version + 1)), where
        folded: dict[str, Any] = {}
        for event in told:
            for name, before in event.previous.items():
                assert folded.get(name) == before, f"{where}: {event.type} did not find {name} as it was"
            folded |= event.data
        for name in row.told:
            assert folded.get(name) == _plain(getattr(row, name)), f"{where}: {name}"
    for key, told in events.items():
        where = f"{kind.resource} {key}, which does not exist"
        assert told[-1].type == f"{kind.resource}.removed", where
        assert [event.resource_version for event in told] == list(range(1, len(told) + 1)), where


async def _statuses_are_what_the_rules_say(work: Work) -> None:
    """The status that SQL shows is that of the pure rules, today and around each day on which one may turn."""
    rows = {row.id: row for row in await work.session.scalars(select(Certificate))}
    turns = {day for row in rows.values() for day in (row.valid_from, row.expires_on, row.ended_on) if day}
    days = {turn + timedelta(days=distance) for turn in turns for distance in (-1, 0, 1)} | {work.today}
    for day in days:
        for key, shown in await work.session.execute(select(Certificate.id, status_on(TODAY)), {"today": day}):
            assert shown == certificate_rules.status(day, decisions(rows[key])), f"certificate {key} on {day}"


NEVER = datetime.min.replace(tzinfo=UTC)


async def _expired_once_for_each_period(work: Work) -> None:
    """A period that has reached its end without a terminal decision has one `certificate.expired`, dated the day after
    its last; until a pass has come to that day, it may have none. A restoration tells the end that it follows, and what
    was told stays told where a decision of later reaches back behind it."""
    passed = await work.session.scalar(select(JobRun.day).order_by(JobRun.day.desc()).limit(1))
    expired: dict[Any, Counter[date]] = defaultdict(Counter)
    told_at: dict[Any, datetime] = {}
    for event in await work.session.scalars(select(Event).where(Event.type == "certificate.expired")):
        expired[event.resource_id][event.effective_on] += 1
        told_at[event.resource_id, event.effective_on] = event.occurred_at
    ending = select(CertificateDecision).where(CertificateDecision.kind.in_(certificate_rules.ENDING))
    decided_at = {one.certificate_id: one.decided_at for one in await work.session.scalars(ending)}
    restored = select(CertificateDecision).where(CertificateDecision.kind == "restore")
    before: dict[Any, set[date]] = defaultdict(set)  # a period that goes on where one ended is kept as one with it
    for one in await work.session.scalars(restored):
        before[one.certificate_id].add(date.fromisoformat(one.details["previous_expires_on"]) + timedelta(days=1))
    for row in await work.session.scalars(select(Certificate)):
        ends = {one.upper for one in row.periods}
        expected = {end for end in ends if row.ended_on is None or end < row.ended_on} | before[row.id]
        found = expired[row.id]
        earlier = {end for end in ends if end in found and told_at[row.id, end] <= decided_at.get(row.id, NEVER)}
        assert found.keys() <= expected | earlier, f"certificate {row.id} expired unexpectedly"
        assert all(count == 1 for count in found.values()), f"certificate {row.id} expired twice"
        due = row.next_change_on is not None and passed is not None and row.next_change_on <= passed
        if passed is not None and not due:
            assert {end for end in expected if end <= passed} <= found.keys(), f"certificate {row.id} did not expire"


async def _passes_come_on_the_days_of_the_rules(work: Work) -> None:
    """What a certificate waits for is a day of its course; what has come by the last pass is told once, on its day."""
    told: dict[Any, Counter[tuple[date, str]]] = defaultdict(Counter)
    for event in await work.session.scalars(select(Event).where(Event.type.in_(MADE_KNOWN))):
        told[event.resource_id][event.effective_on, event.type.partition(".")[2]] += 1
    for row in await work.session.scalars(select(Certificate).where(Certificate.expires_on.is_not(None))):
        assert all(count == 1 for (_, kind), count in told[row.id].items() if kind != "expiry_noticed")
        if row.next_change_on is not None:
            course = certificate_rules.Course(
                row.expires_on, row.notice_days, row.ended_on, row.review_by, await ahead(work, row)
            )
            assert row.next_change_on in {day for day, _ in certificate_rules.changes(course)}, f"certificate {row.id}"


MADE_KNOWN = [f"certificate.{change}" for change in certificate_rules.Change]


async def _reports_say_what_the_rules_say(work: Work) -> None:
    for row in await work.session.scalars(select(AnnualReport)):
        owed = obligation(row)
        if row.next_change_on is not None:
            before = row.next_change_on - timedelta(days=1)
            assert row.next_change_on == report_rules.next_change(before, owed), f"annual report {row.id}"
        for day in {work.today, row.due_on, row.due_on + timedelta(days=1)}:
            one = select(flags_on(TODAY)).where(AnnualReport.id == row.id)
            found = await work.session.scalar(one, {"today": day})
            assert found == report_rules.flags(day, owed), f"annual report {row.id} on {day}"
