"""What waits for whom: one table of duties, each the move that somebody has to make next.

A duty waits from the states that its move starts from, as the lifecycle has them, so nobody is sent to what cannot be
moved. `queries.work_queue` adds what is particular to a duty: by which day, and whose it is. Adding a duty takes a line
here and a line there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from programme.rules.lifecycle import Role
from programme.rules.permissions import LIFECYCLES
from programme.sentences import Sentence


class Kind(StrEnum):
    APPLICATION_TO_SUBMIT = "application_to_submit"
    APPLICATION_TO_REVIEW = "application_to_review"
    APPLICATION_TO_DECIDE = "application_to_decide"
    AGREEMENT_TO_SIGN = "agreement_to_sign"
    ENROLMENT_TO_COMPLETE = "enrolment_to_complete"
    ASSESSMENT_TO_START = "assessment_to_start"
    ASSESSMENT_TO_SUBMIT = "assessment_to_submit"
    ASSESSMENT_TO_FINALISE = "assessment_to_finalise"
    AUDITOR_TO_ASSIGN = "auditor_to_assign"
    AUDIT_TO_START = "audit_to_start"
    AUDIT_TO_SUBMIT = "audit_to_submit"
    AUDIT_TO_REVIEW = "audit_to_review"
    AUDIT_TO_FINALISE = "audit_to_finalise"
    IMPROVEMENT_TO_RESUBMIT = "improvement_to_resubmit"
    FINDING_TO_PLAN = "finding_to_plan"
    FINDING_TO_ANSWER = "finding_to_answer"
    FINDING_TO_VERIFY = "finding_to_verify"
    CERTIFICATE_TO_VOTE_ON = "certificate_to_vote_on"
    CERTIFICATE_TO_DECIDE = "certificate_to_decide"
    SUSPENSION_TO_REVIEW = "suspension_to_review"
    CANCELLATION_TO_DECIDE = "cancellation_to_decide"
    REPORT_TO_SUBMIT = "report_to_submit"
    EXTENSION_TO_DECIDE = "extension_to_decide"
    REPORT_TO_FORWARD = "report_to_forward"
    REPORT_TO_COMMENT = "report_to_comment"
    COMMENTED_REPORT_TO_FORWARD = "commented_report_to_forward"
    REPORT_TO_APPROVE = "report_to_approve"
    COMPLIANCE_CASE_TO_CLOSE = "compliance_case_to_close"
    ERASURE_TO_CARRY_OUT = "erasure_to_carry_out"


@dataclass(frozen=True, slots=True)
class Duty:
    """`resource`: of which the thing is, by its permissions' name; `move`: what is to be done with it, which some of
    the roles may only see to elsewhere; `roles`: for whom it waits."""

    resource: str
    move: str
    roles: frozenset[Role]
    sentence: Sentence

    @property
    def permission(self) -> str:
        return f"{self.resource}.{self.move}"

    @property
    def states(self) -> list[str] | None:
        """From which it waits; None where the resource has no lifecycle with such a move."""
        lifecycle = LIFECYCLES.get(self.resource)
        return lifecycle.sources(self.move) if lifecycle and self.move in lifecycle.moves else None


def _duty(resource: str, move: str, *roles: Role, lt: str, en: str) -> Duty:
    return Duty(resource, move, frozenset(roles), Sentence(lt=lt, en=en))


_P, _C, _M, _AU, _R, _AW, _OPS = (
    Role.PROVIDER, Role.COORDINATOR, Role.PROJECT_MANAGER, Role.AUDITOR, Role.REVIEWER, Role.AWARDER, Role.OPS,
)  # fmt: skip

DUTIES: Mapping[Kind, Duty] = {
    Kind.APPLICATION_TO_SUBMIT: _duty(
        "enrolments", "submit", _P,
        lt="Paraiška parengta, bet dar nepateikta.", en="The application is drafted and not submitted yet.",
    ),
    Kind.APPLICATION_TO_REVIEW: _duty(
        "enrolments", "start_review", _C,
        lt="Paraiška pateikta ir laukia vertinimo.", en="The application was submitted and waits for its review.",
    ),
    Kind.APPLICATION_TO_DECIDE: _duty(
        "enrolments", "select", _C,
        lt="Paraiška vertinama: reikia įrašyti komisijos sprendimą.",
        en="The application is in selection: the commission's decision is to be entered.",
    ),
    Kind.AGREEMENT_TO_SIGN: _duty(
        "enrolments", "sign_agreement", _C, _P,
        lt="Organizacija atrinkta: reikia pasirašyti sutartį.",
        en="The organisation was selected: the agreement is to be signed.",
    ),
    Kind.ENROLMENT_TO_COMPLETE: _duty(
        "enrolments", "complete", _C, _M,
        lt="Visi etapai baigti: reikia įrašyti dalyvavimo rezultatą.",
        en="All stages are done: what they led to is to be entered.",
    ),
    Kind.ASSESSMENT_TO_START: _duty(
        "assessments", "start", _P,
        lt="Suplanuotas įsivertinimas arba vidaus auditas dar nepradėtas.",
        en="The planned self-assessment or internal audit has not been started.",
    ),
    Kind.ASSESSMENT_TO_SUBMIT: _duty(
        "assessments", "submit", _P,
        lt="Pradėtą įsivertinimą arba vidaus auditą reikia užpildyti ir pateikti.",
        en="The self-assessment or internal audit is to be filled in and submitted.",
    ),
    Kind.ASSESSMENT_TO_FINALISE: _duty(
        "assessments", "finalise_self", _P,
        lt="Pateiktą įsivertinimą arba vidaus auditą reikia užbaigti.",
        en="The submitted self-assessment or internal audit is to be finalised.",
    ),
    Kind.AUDITOR_TO_ASSIGN: _duty(
        "assessments", "start", _C,
        lt="Auditas suplanuotas, bet auditorius dar nepaskirtas.",
        en="The audit is planned and has no auditor yet.",
    ),
    Kind.AUDIT_TO_START: _duty(
        "assessments", "start", _AU,
        lt="Jums paskirtas auditas dar nepradėtas.", en="The audit assigned to you has not been started.",
    ),
    Kind.AUDIT_TO_SUBMIT: _duty(
        "assessments", "submit", _AU,
        lt="Pradėtą auditą reikia užbaigti ir pateikti.", en="The audit under way is to be carried out and submitted.",
    ),
    Kind.AUDIT_TO_REVIEW: _duty(
        "assessments", "start_review", _R,
        lt="Auditas pateiktas ir laukia peržiūros.", en="The audit was submitted and waits for its review.",
    ),
    Kind.AUDIT_TO_FINALISE: _duty(
        "assessments", "finalise", _R, _AW,
        lt="Pradėtą audito peržiūrą reikia užbaigti.", en="The review of the audit is to be brought to its end.",
    ),
    Kind.IMPROVEMENT_TO_RESUBMIT: _duty(
        "assessments", "resubmit", _P,
        lt="Peržiūra nustatė tobulinimo laikotarpį: patobulinus vertinimą reikia pateikti iš naujo.",
        en="The review required improvement: once it is made, the assessment is to be resubmitted.",
    ),
    Kind.FINDING_TO_PLAN: _duty(
        "findings", "plan", _P,
        lt="Nustatyta neatitiktis: reikia suplanuoti korekcinius veiksmus.",
        en="A finding was raised: corrective action is to be planned.",
    ),
    Kind.FINDING_TO_ANSWER: _duty(
        "findings", "answer", _P,
        lt="Reikia pašalinti neatitiktį ir pateikti įrodymus.", en="The finding is to be answered, with evidence.",
    ),
    Kind.FINDING_TO_VERIFY: _duty(
        "findings", "verify", _AU, _R,
        lt="Į neatitiktį atsakyta: reikia patikrinti, ar ji pašalinta.",
        en="The finding was answered: whether the answer is effective is to be verified.",
    ),
    Kind.CERTIFICATE_TO_VOTE_ON: _duty(
        "certificates", "vote", _AW,
        lt="Auditas užbaigtas: dėl sertifikato balsuoja komitetas, o Jūsų balso dar nėra.",
        en="The audit is finalised: the committee votes on the certificate, and your vote is not there yet.",
    ),
    Kind.CERTIFICATE_TO_DECIDE: _duty(
        "certificates", "grant", _AW,
        lt="Auditas užbaigtas: reikia spręsti dėl sertifikato.",
        en="The audit is finalised: the certificate is to be decided on.",
    ),
    Kind.SUSPENSION_TO_REVIEW: _duty(
        "certificates", "reinstate", _C, _AW,
        lt="Sertifikato sustabdymo peržiūros diena atėjo: reikia spręsti, kas toliau.",
        en="The suspension has come to its review: what follows is to be decided.",
    ),
    Kind.CANCELLATION_TO_DECIDE: _duty(
        "certificates", "cancel", _C, _AW,
        lt="Turėtojas prašo nutraukti sertifikato galiojimą: reikia nuspręsti.",
        en="The holder asks for the certificate to be cancelled: it is to be decided.",
    ),
    Kind.REPORT_TO_SUBMIT: _duty(
        "annual_reports", "submit", _P,
        lt="Reikia pateikti metinę ataskaitą.", en="The annual report is to be submitted.",
    ),
    Kind.EXTENSION_TO_DECIDE: _duty(
        "annual_reports", "decide_extension", _C,
        lt="Prašoma pratęsti metinės ataskaitos terminą: reikia nuspręsti.",
        en="A later deadline of the annual report is asked for and is to be decided.",
    ),
    Kind.REPORT_TO_FORWARD: _duty(
        "annual_reports", "forward_to_auditor", _C,
        lt="Metinė ataskaita pateikta: ją reikia perduoti auditoriui.",
        en="The annual report was submitted: it is to be forwarded to the auditor.",
    ),
    Kind.REPORT_TO_COMMENT: _duty(
        "annual_reports", "comment", _AU,
        lt="Metinė ataskaita perduota jums: ją reikia įvertinti.",
        en="The annual report was forwarded to you: it is to be commented on.",
    ),
    Kind.COMMENTED_REPORT_TO_FORWARD: _duty(
        "annual_reports", "forward_to_office", _C,
        lt="Auditorius metinę ataskaitą įvertino: ją reikia perduoti EQUASS biurui.",
        en="The auditor commented on the annual report: it is to be forwarded to the office.",
    ),
    Kind.REPORT_TO_APPROVE: _duty(
        "annual_reports", "approve", _R, _AW,
        lt="Metinė ataskaita laukia patvirtinimo.", en="The annual report waits for approval.",
    ),
    Kind.COMPLIANCE_CASE_TO_CLOSE: _duty(
        "compliance_cases", "close", _C,
        lt="Priežiūros byla dar nebaigta.", en="The compliance case is still open.",
    ),
    Kind.ERASURE_TO_CARRY_OUT: _duty(
        "contacts", "erase", _OPS,
        lt="Prašoma ištrinti kontaktinio asmens duomenis.", en="Somebody asked for a contact's data to be erased.",
    ),
}  # fmt: skip
