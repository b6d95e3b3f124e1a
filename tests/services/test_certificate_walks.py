"""Random walks over the moves of a certificate: what the rules refuse is refused, what they allow is done or its body is
wrong, and after every walk the whole history is one that the oracle accepts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from programme.errors import Conflict, Invalid, NotAllowed
from programme.queries.certificates import CERTIFICATES
from programme.rules import certificates as rules
from programme.rules.certificates import LIFECYCLE, ReasonCode
from programme.services import certificates
from programme.services.certificates.drafts import decisions
from programme.services.daily import catch_up
from programme.services.moves import judged
from programme.tables import Assessment, Certificate, Organisation
from programme.work import Work
from tests import oracle
from tests.made import a_certificate
from tests.soak import SOAK, sampled
from tests.world import World, legal_code

CARE = {"services": ["LONG_TERM_CARE"], "sites": [], "unit": None}
SCOPES = [CARE, {**CARE, "services": ["DAY_CARE_HOME", "LONG_TERM_CARE"]}, {**CARE, "services": []}]
WHY: dict[str, Any] = {"reason_code": ReasonCode.OTHER, "reason": "Sprendimas."}

Verb = Callable[[Work, UUID, date, int], Awaitable[Any]]


async def an_audit(work: Work, certificate_id: UUID) -> UUID:
    certificate = await work.session.get(Certificate, certificate_id)
    assert certificate is not None
    audit = Assessment(
        organisation_id=certificate.organisation_id, kind="external_audit", standard=certificate.standard,
        standard_version=certificate.standard_version, level=certificate.level, scope=certificate.scope, catalogue=[],
        state="finalised", outcome="met", ended_on=work.today, finalised_on=work.today,
    )  # fmt: skip
    await work.add(audit, "assessment.planned")
    return audit.id


async def a_holder(work: Work) -> UUID:
    holder = Organisation(
        legal_code=legal_code(), name="Perėmėja", kind="ngo", municipality="LT-32", former_names=[], external_ids=[],
        source="entry",
    )  # fmt: skip
    return (await work.add(holder, "organisation.registered")).id


async def restore(work: Work, key: UUID, day: date, _: int) -> None:
    await certificates.restore(work, key, assessment_id=await an_audit(work, key), decision_ref="AC", effective_on=day)


async def transfer(work: Work, key: UUID, day: date, _: int) -> None:
    await certificates.transfer(
        work, key, organisation_id=await a_holder(work), document_ref="R", decision_ref="AC", effective_on=day
    )


async def succeed(work: Work, key: UUID, day: date, number: int) -> None:
    """Prepared and granted at once."""
    draft = await certificates.renew(work, key)
    audit = await an_audit(work, draft.id)
    await certificates.grant(
        work, draft.id, certified_on=max(day, work.today), reference=f"LIT{2000 + number // 1000}-{number % 1000:03}",
        assessment_id=audit, decision_ref="AC",
    )  # fmt: skip


VERBS: dict[str, Verb] = {
    "suspend": lambda work, key, day, more: certificates.suspend(
        work, key, **WHY, effective_on=day, review_by=max(day, work.today) + timedelta(days=more)
    ),
    "reinstate": lambda work, key, day, _: certificates.reinstate(work, key, reason="Pašalinta.", effective_on=day),
    "withdraw": lambda work, key, day, _: certificates.withdraw(work, key, **WHY, effective_on=day),
    "cancel": lambda work, key, day, _: certificates.cancel(work, key, holder_request_ref="S-1", effective_on=day),
    "request_cancellation": lambda work, key, day, _: certificates.request_cancellation(
        work, key, reason="Nebeteiksime.", effective_on=day
    ),
    "decline_cancellation": lambda work, key, _, __: certificates.decline_cancellation(work, key, reason="Ne."),
    "withdraw_cancellation_request": lambda work, key, _, __: certificates.withdraw_cancellation_request(work, key),
    "revise_scope": lambda work, key, day, more: certificates.revise_scope(
        work, key, scope=SCOPES[more % 3], decision_ref="AC", effective_on=day
    ),
    "amend": lambda work, key, day, more: certificates.amend(work, key, reason="Nauja.", staff=more, effective_on=day),
    "extend": lambda work, key, day, more: certificates.extend(
        work, key, expires_on=work.today + timedelta(days=7 * more), decision_ref="AC", effective_on=day
    ),
    "transfer": transfer,
    "restore": restore,
    "renew": succeed,
}  # fmt: skip

STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(VERBS)),
        st.integers(min_value=-20, max_value=20),
        st.integers(min_value=0, max_value=60),
        st.sampled_from([0, 0, 1, 5, 20, 60]),
        st.booleans(),
    ),
    min_size=1,
    max_size=14,
)
_numbers = iter(range(1000, 1_000_000))


@sampled
@pytest.mark.timeout(3000)
@settings(max_examples=100 if SOAK else 12, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, st.integers(min_value=0, max_value=1100))
async def test_rules_verbs_and_status_agree_on_any_walk(
    world: World, steps: list[tuple[str, int, int, int, bool]], age: int
) -> None:
    """Walks follow one another in time, as the pass of a database goes one way."""
    today = getattr(world, "reached", date(2026, 11, 22))
    world.travel(today)
    key = (await a_certificate(world.database, (today - timedelta(days=age)).isoformat())).certificate
    for verb, offset, more, wait, passes in steps:
        today += timedelta(days=wait)
        world.travel(today)
        if passes:
            await catch_up(world.database)
        await _step(world, key, verb, today + timedelta(days=offset), more)
    world.reached = today  # type: ignore[attr-defined]
    await catch_up(world.database)
    await oracle.check(world.database)


async def _step(world: World, key: UUID, verb: str, day: date, more: int) -> None:
    """One move, which is open exactly where the rules give no reason against it."""
    async with world.at_work() as work:
        if verb == "restore":
            await an_audit(work, key)  # what recertifies it
    async with world.at_work() as work:
        facts = await judged(work, CERTIFICATES, key)
        row = await work.session.get(Certificate, key)
        assert row is not None
        assert facts.state == rules.status(work.today, decisions(row))
    against = [reason.code for reason in LIFECYCLE.reasons(verb, facts)]
    number = next(_numbers) if verb == "renew" else more
    assert await _stopped_by(world, key, verb, day, number) == against, f"{verb} on {day}"


async def _stopped_by(world: World, key: UUID, verb: str, day: date, more: int) -> list[str]:
    """The reasons that the verb gave; none where it was done, or only its body was wrong."""
    try:
        async with world.at_work() as work:
            await VERBS[verb](work, key, day, more)
    except NotAllowed as refused:
        return [reason.code for reason in refused.reasons]
    except (Invalid, Conflict):
        pass
    return []
