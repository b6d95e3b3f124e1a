"""The trace behind a status, a flag or a state: it cannot say anything else than the rule, and it says it readably."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from string import Formatter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.rules import annual_reports, certificates, enrolments, explanations, steps
from programme.rules.annual_reports import Flag, Obligation, State, VoidReason
from programme.rules.certificates import DECISION_NAMES, LIFECYCLE, Decisions, Span, Status
from programme.rules.enrolments import STATE_NAMES
from programme.rules.explanations import DecisionThen, PolicyThen, ProjectThen
from programme.rules.steps import Step, Told, decided
from programme.sentences import LANGUAGES, Sentence
from tests.strategies import DAYS, decisions

NOON = datetime(2026, 11, 22, 10, tzinfo=UTC)
POLICY = PolicyThen("EQUASS-2018", date(2018, 1, 1), 36, [12, 24], 60)


def said(found: list[Step], language: Any = "en") -> list[str]:
    return [step.say(language)["message"] for step in found]


@given(decisions(), DAYS)
def test_the_last_step_is_the_status(decisions: Decisions, day: date) -> None:
    found = explanations.certificate(day, None, day, POLICY, [], decisions)
    assert found[-1].decides == certificates.status(day, decisions)
    assert decided(found) == [found[-1].decides]
    for language in LANGUAGES:
        assert all(said(found, language))


@st.composite
def obligations(draw: st.DrawFn) -> Obligation:
    due_on = draw(DAYS)
    state = draw(st.sampled_from(State))
    maybe = st.one_of(st.none(), st.integers(-400, 400).map(lambda days: due_on + timedelta(days=days)))
    return Obligation(
        opens_on=due_on - timedelta(days=draw(st.integers(0, 90))), due_on=due_on, state=state,
        void_reason=draw(st.sampled_from(VoidReason)) if state is State.VOID else None,
        first_submitted_on=draw(maybe), due_soon_days=draw(st.integers(0, 60)), grace_days=draw(st.integers(0, 60)),
        lapses_on=draw(maybe),
    )  # fmt: skip


@given(obligations(), st.integers(-500, 500))
def test_the_steps_decide_the_flags(owed: Obligation, distance: int) -> None:
    day = owed.due_on + timedelta(days=distance)
    told = [Told("scheduled", day + timedelta(days=9), NOON), Told(owed.state, day, NOON)]
    found = explanations.annual_report(day, NOON, date(2020, 2, 29), 1, POLICY, told, owed)
    state, *flags = decided(found)
    assert state == owed.state
    assert flags == annual_reports.flags(day, owed)
    raised = {step.code for step in found} & set(Flag)
    assert raised == set(flags)
    for language in LANGUAGES:
        assert all(said(found, language))


STATES = st.sampled_from(enrolments.State)
TOLD = st.lists(st.builds(Told, STATES.map(str), DAYS, st.just(NOON)), max_size=6)


@given(TOLD, DAYS)
def test_the_last_that_was_recorded_for_the_day_is_the_state(told: list[Told], day: date) -> None:
    found = explanations.enrolment(day, None, ProjectThen("QUALITY-LT-2", date(2023, 8, 18), None), told)
    states = [one.state for one in told if one.effective_on <= day]
    assert decided(found) == states[-1:]
    assert [step.code for step in found][2:] == ["moved"] * len(states) + ["state"] * bool(states)


def test_every_sentence_is_filled_from_its_values_alone() -> None:
    """Both languages name the same facts, so that neither tells less than the other."""
    for module in (certificates, annual_reports, explanations, steps):
        for name, sentence in vars(module).items():
            if isinstance(sentence, Sentence):
                fields = [
                    {one[1] for one in Formatter().parse(getattr(sentence, code)) if one[1]} for code in LANGUAGES
                ]
                assert fields[0] == fields[1], name


def test_each_decision_about_a_certificate_has_a_name() -> None:
    no_decisions = {"expire", "vote", "renew"}
    assert set(LIFECYCLE.moves) - no_decisions <= set(DECISION_NAMES)


def test_a_certificate_explained() -> None:
    granted = DecisionThen(1, "grant", date(2024, 2, 29), NOON, decision_ref="K-7")
    suspended = DecisionThen(2, "suspend", date(2027, 1, 4), NOON, "misuse_of_mark")
    basis = Decisions([Span(date(2024, 2, 29), date(2027, 2, 28))], [Span(date(2027, 1, 4), None)])
    found = explanations.certificate(date(2026, 11, 22), NOON, date(2024, 2, 29), POLICY, [granted, suspended], basis)
    assert said(found) == [
        "The day is 2026-11-22; it is counted in the time of Europe/Vilnius and lasts from 2026-11-21T22:00:00Z until 2026-11-22T22:00:00Z.",
        "Only what was recorded by 2026-11-22T10:00:00Z is taken into account.",
        "The certification date is 2024-02-29; all periods are counted from it.",
        "The policy of EQUASS-2018 in force on that date applies (from 2018-01-01).",
        "With 36 months added there is no such day, so the last valid day is the last of its month, 2027-02-28.",
        "The validity runs from 2024-02-29 to 2027-02-28 inclusive, that is until 2027-02-28T22:00:00Z.",
        "Decision 1: grant; in effect from 2024-02-29.",
        "Decision 2: suspension; in effect from 2027-01-04 only.",
        "The day lies in the validity from 2024-02-29 to 2027-02-28 inclusive, which ends at 2027-02-28T22:00:00Z.",
        "The certificate is not suspended on this day.",
        "At most 180 days are left to the last valid day: it has been expiring from 2026-09-01 on.",
    ]
    assert [step.code for step in found] == [
        "day", "known", "anchor", "policy", "validity", "period", "decision", "decision_ahead", "within_validity",
        "not_suspended", "within_notice",
    ]  # fmt: skip
    validity = found[4].say("lt")
    assert validity == {
        "code": "validity",
        "message": "Pridėjus 36 mėn., tokios dienos mėnesyje nėra, todėl paskutinė galiojimo diena – mėnesio paskutinė, "
        "2027-02-28.",
        "values": {"certified_on": date(2024, 2, 29), "months": 36, "day": date(2027, 2, 28), "clamped": True},
        "decides": None,
    }
    assert found[6].say("lt")["values"] == {
        "number": 1, "kind": "grant", "effective_on": date(2024, 2, 29), "decided_at": "2026-11-22T10:00:00Z",
        "reason_code": None, "decision_ref": "K-7",
    }  # fmt: skip
    assert found[-1].say("lt") == {
        "code": "within_notice",
        "message": "Iki paskutinės galiojimo dienos liko ne daugiau kaip 180 d.: baigia galioti nuo 2026-09-01.",
        "values": {"expiring_from": date(2026, 9, 1), "expiring_days": 180},
        "decides": "expiring",
    }


def lines(day: date, basis: Decisions) -> list[str]:
    return [step.code for step in certificates.status_steps(day, basis)]


def test_each_line_of_the_status() -> None:
    first, last, day = date(2025, 1, 10), date(2028, 1, 10), date(2026, 1, 1)
    valid = Decisions([Span(first, last)])
    ahead = replace(valid, ended_as=Status.WITHDRAWN, ended_on=date(2027, 1, 1))
    away = replace(valid, suspensions=[Span(date(2025, 12, 1), None)])
    for_a_while = replace(valid, suspensions=[Span(date(2025, 12, 1), day)])
    assert lines(day, Decisions()) == ["not_granted"]
    assert lines(date(2025, 1, 9), valid) == ["before_first_day"]
    assert lines(first, valid) == lines(day, valid) == ["within_validity", "not_suspended", "before_notice"]
    assert lines(last, valid) == ["within_validity", "not_suspended", "within_notice"]
    assert lines(date(2028, 1, 11), valid) == ["after_last_day"]
    assert lines(day, away) == lines(day, for_a_while) == ["within_validity", "suspended"]
    assert lines(date(2026, 12, 31), ahead)[0] == "end_ahead"
    assert lines(date(2027, 1, 1), ahead) == ["ended"]

    def message(decisions: Decisions, on: date) -> str:
        return said(list(certificates.status_steps(on, decisions)), "lt")[-1]

    assert message(away, day) == "Nuo 2025-12-01 sertifikato galiojimas sustabdytas."
    assert message(for_a_while, day) == "Nuo 2025-12-01 iki 2026-01-01 imtinai sertifikato galiojimas sustabdytas."
    assert message(ahead, date(2027, 1, 1)) == "Nuo 2027-01-01 galioja sprendimas, kuriuo sertifikatas panaikintas."
    assert message(valid, date(2028, 1, 11)) == "Paskutinė galiojimo diena, 2028-01-10, jau praėjo."
    gap = Decisions([Span(first, last), Span(date(2028, 6, 1), date(2031, 1, 10))])
    assert message(gap, date(2028, 3, 1)) == "Paskutinė galiojimo diena, 2028-01-10, jau praėjo."


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({"waived_on": date(2026, 3, 2)}, ["waived"]),
        ({"state": State.VOID, "void_reason": VoidReason.IMPORTED}, ["never_owed"]),
        ({"lapses_on": date(2026, 3, 2)}, ["lapsed"]),
        ({"first_submitted_on": date(2026, 2, 20)}, ["submitted", "not_late"]),
        ({"first_submitted_on": date(2026, 3, 2)}, ["submitted", "late"]),
        ({"waived_on": date(2026, 3, 1), "first_submitted_on": date(2026, 3, 2)}, ["waived", "late"]),
        ({}, ["owed", "open", "not_due_soon", "overdue", "not_delinquent"]),
        ({"grace_days": 8}, ["owed", "open", "not_due_soon", "overdue", "delinquent"]),
        ({"due_on": date(2026, 3, 2)}, ["owed", "open", "due_soon", "not_overdue", "not_delinquent"]),
        ({"opens_on": date(2026, 3, 3), "due_on": date(2026, 4, 2)},
         ["owed", "not_open", "not_due_soon", "not_overdue", "not_delinquent"]),
    ],
)  # fmt: skip
def test_each_line_of_the_flags(more: dict[str, Any], codes: list[str]) -> None:
    owed = replace(Obligation(opens_on=date(2025, 12, 23), due_on=date(2026, 2, 21)), **more)
    found = list(annual_reports.flag_steps(date(2026, 3, 2), owed))
    assert [step.code for step in found] == codes


def test_an_annual_report_explained() -> None:
    owed = Obligation(opens_on=date(2027, 12, 30), due_on=date(2028, 2, 28))
    told = [Told("scheduled", date(2026, 2, 28), NOON), Told("drafting", date(2028, 1, 5), NOON)]
    found = explanations.annual_report(date(2028, 2, 29), None, date(2026, 2, 28), 2, POLICY, told, owed)
    assert said(found, "lt")[1:] == [
        "Sertifikavimo data – 2026-02-28; visi terminai skaičiuojami nuo jos.",
        "Taikomos EQUASS-2018 taisyklės, galiojusios sertifikavimo dieną (nuo 2018-01-01).",
        "Ataskaita Nr. 2: pridėjus 24 mėn., terminas – 2028-02-28.",
        "Pateikti galima nuo 2027-12-30 (60 d. iki termino) iki 2028-02-28 imtinai, t. y. iki 2028-02-28T22:00:00Z.",
        "Po termino dar skiriama 30 d. papildomo laiko, iki 2028-03-29.",
        "Nuo 2026-02-28: suplanuota.",
        "Nuo 2028-01-05: rengiama.",
        "Taigi būsena: rengiama.",
        "Ataskaitos reikia, ir ji dar nepateikta.",
        "Pateikti galima nuo 2027-12-30.",
        "Ši diena nepatenka į paskutines 30 d. iki termino: nuo 2028-01-29 iki 2028-02-28.",
        "Terminas, 2028-02-28, praleistas: paskutinė diena baigėsi 2028-02-28T22:00:00Z.",
        "Papildomas laikas, 30 d. po termino, tęsiasi iki 2028-03-29.",
    ]
    moved = replace(owed, due_on=date(2028, 3, 31))
    found = explanations.annual_report(date(2028, 2, 29), None, date(2026, 2, 28), 2, POLICY, told, moved)
    assert "Terminas pakeistas: vietoj 2028-02-28 – 2028-03-31." in said(found, "lt")
    unknown = explanations.annual_report(date(2028, 2, 29), None, date(2026, 2, 28), 3, POLICY, told, owed)
    assert "due" not in {step.code for step in unknown}
    assert "policy" not in {
        step.code for step in explanations.annual_report(date(2028, 2, 29), None, None, 1, None, told, owed)
    }


def test_what_is_not_known_is_not_said() -> None:
    """A draft has no anchor; a certificate of before the policies begin has no policy; nor has one without validity."""
    day, basis = date(2026, 11, 22), Decisions([Span(date(2026, 1, 1), date(2029, 1, 1))])
    draft = explanations.certificate(day, None, None, None, [], Decisions())
    assert [step.code for step in draft] == ["day", "not_granted"]
    for policy, codes in (
        (None, ["period_decided"]),
        (replace(POLICY, validity_months=None), ["policy", "period_decided"]),
        (replace(POLICY, validity_months=24), ["policy", "validity", "period_decided"]),
        (POLICY, ["policy", "validity", "period"]),
    ):
        found = explanations.certificate(day, None, date(2026, 1, 1), policy, [], basis)
        assert [step.code for step in found][2:-3] == codes
    open_ended = explanations.certificate(day, None, date(2026, 1, 1), None, [], Decisions([Span(day, None)]))
    assert [step.code for step in open_ended] == ["day", "anchor", "after_last_day"]


def test_an_enrolment_explained() -> None:
    told = [Told("draft", date(2026, 3, 2), NOON), Told("submitted", date(2026, 3, 3), NOON)]
    project = ProjectThen("QUALITY-LT-2", date(2023, 8, 18), date(2029, 1, 31))
    found = explanations.enrolment(date(2026, 3, 2), None, project, told)
    assert said(found, "lt")[1:] == [
        "Projektas QUALITY-LT-2 vykdomas nuo 2023-08-18 iki 2029-01-31.", "Nuo 2026-03-02: rengiama.",
        "Taigi būsena: rengiama.",
    ]  # fmt: skip
    assert found[-1].values["state_name"] == STATE_NAMES["draft"]
