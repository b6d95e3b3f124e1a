"""What a certificate promises and until when: dates, status by day, what becomes known on which day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.errors import Forbidden, NotAllowed
from programme.rules import certificates as rules
from programme.rules.certificates import (
    LIFECYCLE,
    CertificateFacts,
    Change,
    Course,
    Decisions,
    Span,
    Status,
    Votes,
    draft_like,
    renewal,
)
from programme.rules.lifecycle import Role
from tests.strategies import DAYS, decisions

NOTICES = (180, 90, 30)


@pytest.mark.parametrize(
    ("certified_on", "months", "last"),
    [
        (date(2019, 4, 29), 36, date(2022, 4, 29)),
        (date(2021, 11, 29), 36, date(2024, 11, 29)),
        (date(2024, 2, 29), 36, date(2027, 2, 28)),
        (date(2028, 2, 29), 36, date(2031, 2, 28)),
        (date(2012, 3, 1), 24, date(2014, 3, 1)),
    ],
)
def test_it_is_good_through_the_same_calendar_day(certified_on: date, months: int, last: date) -> None:
    assert rules.last_valid_day(certified_on, months) == last


def test_each_day_of_a_life_has_its_status() -> None:
    decided = Decisions(
        periods=[Span(date(2021, 11, 29), date(2024, 11, 29))], suspensions=[Span(date(2023, 5, 1), date(2023, 6, 30))]
    )
    expected = {
        date(2021, 11, 28): Status.NOT_YET_VALID,
        date(2021, 11, 29): Status.ACTIVE,
        date(2023, 4, 30): Status.ACTIVE,
        date(2023, 5, 1): Status.SUSPENDED,
        date(2023, 6, 30): Status.SUSPENDED,
        date(2023, 7, 1): Status.ACTIVE,
        date(2024, 6, 1): Status.ACTIVE,
        date(2024, 6, 2): Status.EXPIRING,
        date(2024, 11, 29): Status.EXPIRING,
        date(2024, 11, 30): Status.EXPIRED,
    }
    assert {day: rules.status(day, decided) for day in expected} == expected


def test_nothing_decided_is_a_draft_and_a_refusal_ends_it() -> None:
    today = date(2026, 11, 22)
    assert rules.status(today, Decisions()) is Status.DRAFT
    assert rules.status(today, Decisions(ended_as=Status.REFUSED, ended_on=today)) is Status.REFUSED


def test_a_suspension_does_not_outlive_the_certificate() -> None:
    decided = Decisions(periods=[Span(date(2021, 1, 1), date(2024, 1, 1))], suspensions=[Span(date(2023, 1, 1), None)])
    assert rules.status(date(2024, 1, 1), decided) is Status.SUSPENDED
    assert rules.status(date(2024, 1, 2), decided) is Status.EXPIRED


def test_between_two_periods_it_is_expired_and_in_the_second_valid_again() -> None:
    decided = Decisions(periods=[Span(date(2020, 1, 1), date(2023, 1, 1)), Span(date(2023, 3, 1), date(2026, 1, 1))])
    assert rules.status(date(2023, 1, 1), decided) is Status.EXPIRING
    assert rules.status(date(2023, 1, 2), decided) is Status.EXPIRED
    assert rules.status(date(2023, 3, 1), decided) is Status.ACTIVE


@given(decisions(), DAYS)
def test_a_terminal_decision_absorbs(decided: Decisions, day: date) -> None:
    if decided.ended_on is not None and day >= decided.ended_on:
        assert rules.status(day, decided) is decided.ended_as
        assert rules.status(day + timedelta(days=400), decided) is decided.ended_as


def test_an_end_without_its_day_or_its_way_ends_nothing() -> None:
    today = date(2026, 11, 22)
    valid = [Span(today, today.replace(year=2029))]
    assert rules.status(today, Decisions(valid, ended_as=Status.WITHDRAWN)) is Status.ACTIVE
    assert rules.status(today, Decisions(valid, ended_on=today)) is Status.ACTIVE


def test_a_period_has_an_end_and_expiring_begins_180_days_before_it() -> None:
    today = date(2026, 11, 22)
    assert rules.status(today, Decisions([Span(today, None)])) is Status.EXPIRED
    last = today + timedelta(days=180)
    assert rules.status(today, Decisions([Span(today, last)])) is Status.EXPIRING
    assert rules.status(today - timedelta(days=1), Decisions([Span(date(2026, 1, 1), last)])) is Status.ACTIVE


@given(decisions(), DAYS)
def test_before_the_first_period_it_is_not_yet_valid(decided: Decisions, day: date) -> None:
    ended = decided.ended_on is not None and day >= decided.ended_on
    before = bool(decided.periods) and day < decided.periods[0].first
    assert (rules.status(day, decided) is Status.NOT_YET_VALID) == (before and not ended)


@given(decisions(), DAYS)
def test_what_counts_as_expiring_is_near_the_last_day_of_its_period(decided: Decisions, day: date) -> None:
    status = rules.status(day, decided)
    if status in (Status.ACTIVE, Status.EXPIRING):
        (last,) = [one.last for one in decided.periods if day in one and one.last]
        assert (status is Status.EXPIRING) == ((last - day).days <= decided.expiring_days)


@given(decisions(), DAYS)
def test_only_what_holds_on_the_day_is_in_force(decided: Decisions, day: date) -> None:
    in_force = rules.status(day, decided) in (Status.ACTIVE, Status.EXPIRING)
    ended = decided.ended_on is not None and day >= decided.ended_on
    inside = any(day in span for span in decided.periods)
    suspended = any(day in span for span in decided.suspensions)
    assert in_force == (inside and not suspended and not ended)


@given(DAYS, st.sets(st.integers(min_value=1, max_value=400), max_size=4), st.one_of(st.none(), DAYS))
def test_stepping_from_change_to_change_meets_each_once(
    expires_on: date, notice_days: set[int], ended_on: date | None
) -> None:
    course = Course(expires_on, sorted(notice_days), ended_on)
    met, reached = [], rules.next_change(None, course)
    while reached is not None:
        met.append(reached)
        reached = rules.next_change(reached, course)
    days = [day for day, _ in rules.changes(replace(course, ended_on=None))]
    assert met == [day for day in days if ended_on is None or day < ended_on]


@given(DAYS, st.sets(st.integers(min_value=1, max_value=400), max_size=4))
def test_notices_come_so_many_days_before_and_the_end_the_day_after(expires_on: date, notice_days: set[int]) -> None:
    *notices, end = rules.changes(Course(expires_on, sorted(notice_days)))
    assert end == (expires_on + timedelta(days=1), Change.EXPIRED)
    assert {(expires_on - day).days for day, _ in notices} == notice_days
    assert {change for _, change in notices} <= {Change.EXPIRY_NOTICED}
    assert notices == sorted(notices)


def test_an_end_on_the_day_of_a_change_comes_before_it() -> None:
    last = date(2026, 11, 22)
    notice = last - timedelta(days=30)
    assert rules.next_change(None, Course(last, [30], notice)) is None
    assert rules.next_change(None, Course(last, [30], notice + timedelta(days=1))) == notice
    assert rules.next_change(notice, Course(last, [30], last + timedelta(days=1))) is None


def test_a_decision_that_was_taken_ahead_is_told_on_its_day_unless_an_end_comes_first() -> None:
    last, end = date(2026, 11, 22), date(2026, 6, 1)
    ahead = [("grant", date(2023, 11, 22)), ("suspend", date(2026, 6, 1)), ("withdraw", end)]
    effect = Change.DECISION_TOOK_EFFECT
    assert rules.changes(Course(last, [], end, ahead=ahead)) == [(date(2023, 11, 22), effect), (end, effect)]
    assert rules.changes(Course(last, [], ahead=ahead[:2])) == [
        (date(2023, 11, 22), effect), (date(2026, 6, 1), effect), (date(2026, 11, 23), Change.EXPIRED),
    ]  # fmt: skip


def test_a_suspension_that_nobody_reviewed_is_told_the_day_after_while_the_certificate_lives() -> None:
    last = date(2026, 11, 22)
    told = [change for _, change in rules.changes(Course(last, review_by=last - timedelta(days=1)))]
    assert told == [Change.REVIEW_OVERDUE, Change.EXPIRED]
    assert rules.changes(Course(last, review_by=date(2026, 3, 1)))[0] == (date(2026, 3, 2), Change.REVIEW_OVERDUE)
    for course in (Course(last, review_by=last), Course(last, (), date(2026, 3, 2), review_by=date(2026, 3, 1))):
        assert Change.REVIEW_OVERDUE not in [change for _, change in rules.changes(course)]


@given(DAYS, DAYS)
def test_an_import_tells_its_end_even_when_long_past_and_no_old_notice(today: date, expires_on: date) -> None:
    course = Course(expires_on, NOTICES)
    first = rules.next_change_of_import(today, course)
    assert first > today or first == expires_on + timedelta(days=1)
    assert first in [day for day, _ in rules.changes(course)]


TODAY = date(2026, 11, 22)
PASSED = CertificateFacts(Status.DRAFT, TODAY, audits=("met",), validity_months=36, pass_rule_known=True)


def codes(verb: str, facts: CertificateFacts) -> list[str]:
    return [reason.code for reason in LIFECYCLE.reasons(verb, facts)]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({}, None),
        ({"audits": ("not_met", "met")}, None),
        ({"audits": ("not_met",), "override": True}, None),
        ({"audits": ("not_met",)}, "audit_not_passed"),
        ({"audits": ()}, "no_finalised_audit"),
        ({"audits": (), "override": True}, "no_finalised_audit"),
        ({"validity_months": None}, "validity_not_set"),
        ({"pass_rule_known": False}, "pass_rule_not_set"),
        ({"version_state": "draft"}, "version_not_in_force"),
        ({"version_state": "retired"}, None),
    ],
)
def test_a_grant_needs_an_audit_that_passed_or_a_reason_and_what_the_owner_has_to_set(
    changed: dict[str, Any], code: str | None
) -> None:
    assert codes("grant", replace(PASSED, **changed)) == ([code] if code else [])


def test_nobody_knows_of_a_certificate_without_facts_that_it_may_be_granted() -> None:
    assert codes("grant", CertificateFacts(Status.DRAFT, TODAY)) == [
        "validity_not_set", "pass_rule_not_set", "no_finalised_audit",
    ]  # fmt: skip


def test_whoever_audited_all_of_it_cannot_grant() -> None:
    with pytest.raises(Forbidden) as refused:
        LIFECYCLE.check("grant", replace(PASSED, auditor_of_all=True))
    assert [reason.code for reason in refused.value.reasons] == ["decider_is_auditor"]


@pytest.mark.parametrize("state", rules.VALID)
def test_what_is_decided_for_a_coming_day_stands_in_the_way_of_deciding_it_again(state: Status) -> None:
    day = date(2026, 12, 1)
    ending = CertificateFacts(state, TODAY, end_decided_on=day)
    assert codes("withdraw", ending) == codes("suspend", ending) == ["end_already_decided"]
    suspended = CertificateFacts(state, TODAY, suspension_decided_on=day)
    assert codes("suspend", suspended) == ["suspension_already_decided"]
    assert codes("withdraw", suspended) == codes("suspend", CertificateFacts(state, TODAY)) == []
    with pytest.raises(NotAllowed) as refused:
        LIFECYCLE.check("suspend", replace(ending, suspension_decided_on=day))
    assert [reason.say("en")["message"] for reason in refused.value.reasons] == [
        "It is already decided that the certificate ends on 2026-12-01.",
        "It is already decided to suspend the certificate from 2026-12-01.",
    ]


@pytest.mark.parametrize(
    ("votes", "found"),
    [
        (Votes(), ["quorum_not_reached"]),
        (Votes(2), ["quorum_not_reached"]),
        (Votes(2, 1), []),
        (Votes(2, 0, 1), []),
        (Votes(1, 1, 1), ["majority_not_in_favour"]),
        (Votes(0, 0, 3), ["majority_not_in_favour"]),
        (Votes(1, 3), ["majority_not_in_favour"]),
    ],
)
def test_a_committee_grants_with_its_quorum_and_more_votes_for_than_against(votes: Votes, found: list[str]) -> None:
    assert codes("grant", replace(PASSED, quorum=3, votes=votes)) == found
    assert codes("grant", replace(PASSED, votes=votes)) == []


def test_there_is_a_vote_where_a_committee_decides_and_who_audited_has_none() -> None:
    assert codes("vote", PASSED) == ["no_committee"]
    assert codes("vote", replace(PASSED, quorum=3)) == []
    with pytest.raises(Forbidden):
        LIFECYCLE.check("vote", replace(PASSED, quorum=3, auditor_of_all=True))


LAST = date(2027, 1, 31)
IN_FORCE = CertificateFacts(
    Status.EXPIRING, TODAY, expires_on=LAST, regular_end=LAST, extension_months=1, restoration_months=6,
    renewal_opens_days=90, validity_months=36, pass_rule_known=True,
)  # fmt: skip
EXPIRED = replace(IN_FORCE, state=Status.EXPIRED, today=date(2027, 7, 31), recertified=True)


def test_an_extension_goes_as_far_as_the_policy_from_the_regular_end_and_no_further() -> None:
    assert codes("extend", IN_FORCE) == []
    assert IN_FORCE.extension_until == date(2027, 2, 28)
    assert codes("extend", replace(IN_FORCE, expires_on=date(2027, 2, 27))) == []
    used_up = replace(IN_FORCE, expires_on=date(2027, 2, 28))
    assert LIFECYCLE.reasons("extend", used_up)[0].say("lt")["latest"] == date(2027, 2, 28)
    assert codes("extend", used_up) == ["extension_used_up"]
    for none in (None, 0):
        assert codes("extend", replace(IN_FORCE, extension_months=none)) == ["extension_not_allowed"]
    assert codes("extend", replace(IN_FORCE, expires_on=None, regular_end=None)) == ["extension_not_allowed"]
    assert codes("extend", replace(IN_FORCE, expires_on=None)) == []


def test_a_restoration_takes_a_new_audit_and_comes_within_its_window() -> None:
    assert codes("restore", EXPIRED) == []
    assert codes("restore", replace(EXPIRED, today=date(2027, 8, 1))) == ["restoration_window_over"]
    assert codes("restore", replace(EXPIRED, recertified=False)) == ["recertification_not_done"]
    assert codes("restore", replace(EXPIRED, validity_months=None)) == ["validity_not_set"]
    for none in (None, 0):
        assert codes("restore", replace(EXPIRED, restoration_months=none)) == ["restoration_not_allowed"]
    assert codes("restore", replace(EXPIRED, expires_on=None)) == ["restoration_not_allowed"]
    assert codes("restore", replace(EXPIRED, state=Status.SUSPENDED)) == ["wrong_state"]


def test_a_renewal_is_begun_once_its_window_is_open_and_once_only() -> None:
    assert codes("renew", IN_FORCE) == []
    early = replace(IN_FORCE, renewal_opens_days=69)
    assert LIFECYCLE.reasons("renew", early)[0].say("en") == {
        "code": "window_not_open", "message": "Recertification can be begun from 2026-11-23.",
        "opens_on": date(2026, 11, 23),
    }  # fmt: skip
    assert codes("renew", replace(IN_FORCE, renewal_opens_days=70)) == codes("renew", EXPIRED) == []
    assert codes("renew", replace(IN_FORCE, successor_id=UUID(int=1))) == ["successor_drafted"]
    assert codes("transfer", replace(IN_FORCE, successor_id=UUID(int=1))) == ["successor_drafted"]
    assert codes("renew", replace(IN_FORCE, end_decided_on=LAST)) == ["end_already_decided"]


def test_a_holder_asks_once_and_only_what_was_asked_is_answered() -> None:
    asked = replace(IN_FORCE, cancellation_requested_on=TODAY)
    assert codes("request_cancellation", IN_FORCE) == []
    assert codes("request_cancellation", asked) == ["cancellation_already_requested"]
    for answer in ("decline_cancellation", "withdraw_cancellation_request"):
        assert codes(answer, asked) == []
        assert codes(answer, IN_FORCE) == ["no_cancellation_request"]
    assert codes("cancel", asked) == codes("cancel", IN_FORCE) == []


def test_what_is_missing_for_a_renewal_is_what_stands_in_the_way_of_its_moves() -> None:
    def missing(facts: CertificateFacts, draft: CertificateFacts, granted: bool = False) -> list[str]:
        return [reason.code for reason in renewal(facts, draft, granted=granted).missing]

    early = replace(IN_FORCE, renewal_opens_days=1)
    assert missing(early, draft_like(early, ())) == ["window_not_open", "draft_not_opened", "no_finalised_audit"]
    assert missing(IN_FORCE, draft_like(IN_FORCE, ("not_met",))) == ["draft_not_opened", "audit_not_passed"]
    drafted = replace(IN_FORCE, successor_id=UUID(int=1))
    assert missing(drafted, PASSED) == []
    assert missing(drafted, replace(PASSED, auditor_of_all=True)) == []
    assert missing(drafted, replace(PASSED, quorum=2)) == ["quorum_not_reached"]
    assert missing(IN_FORCE, draft_like(IN_FORCE, ()), granted=True) == []


def test_the_dates_of_a_renewal_leave_no_day_uncovered() -> None:
    told = renewal(IN_FORCE, draft_like(IN_FORCE, ()), granted=False)
    assert (told.opens_on, told.audit_by, told.decide_by) == (date(2026, 11, 2), date(2027, 2, 1), date(2027, 2, 1))
    assert (told.extension_until, told.restoration_until) == (date(2027, 2, 28), date(2027, 7, 31))
    for facts in (replace(IN_FORCE, state=Status.WITHDRAWN), replace(EXPIRED, expires_on=None)):
        nothing = renewal(facts, draft_like(facts, ()), granted=False)
        assert (nothing.opens_on, nothing.decide_by) == (None, None)
    ended = replace(IN_FORCE, state=Status.SUPERSEDED)
    assert [one.code for one in renewal(ended, PASSED, granted=False).missing] == ["wrong_state"]
    assert renewal(ended, PASSED, granted=True).missing == ()


def test_who_makes_which_move() -> None:
    others = {
        "expire": {Role.WORKER}, "request_cancellation": {Role.PROVIDER},
        "withdraw_cancellation_request": {Role.PROVIDER}, "decline_cancellation": {Role.COORDINATOR, Role.AWARDER},
        "cancel": {Role.COORDINATOR, Role.AWARDER}, "amend": {Role.COORDINATOR, Role.AWARDER},
        "renew": {Role.COORDINATOR, Role.AWARDER},
    }  # fmt: skip
    assert all(move.who == others.get(name, {Role.AWARDER}) for name, move in LIFECYCLE.moves.items())


def test_what_the_public_register_shows_of_each_status() -> None:
    shown = {status.value: register.value for status, register in rules.REGISTER_STATUS.items()}
    assert shown == {
        "active": "active", "expiring": "active", "suspended": "suspended", "withdrawn": "withdrawn",
        "cancelled": "withdrawn", "expired": "expired", "superseded": "expired",
    }  # fmt: skip
