"""What recertification takes, and until when: asked of the same rules that will guard it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from programme.errors import Reason
from programme.rules.certificates import reasons as why
from programme.rules.certificates.moves import LIFECYCLE, CertificateFacts, Votes
from programme.rules.certificates.status import Status


@dataclass(frozen=True, slots=True)
class Renewal:
    """`opens_on`: the first day on which a successor may be prepared. `decide_by`: the latest certification date of a
    successor that leaves no day without validity; `audit_by`: its audit ends no later. `extension_until`: the latest last
    valid day that an extension may set; `restoration_until`: the last day to restore it after its end. `missing`: what
    stands between now and the grant of a successor. Dates are null where there is nothing to renew."""

    opens_on: date | None = None
    audit_by: date | None = None
    decide_by: date | None = None
    extension_until: date | None = None
    restoration_until: date | None = None
    missing: tuple[Reason, ...] = ()


def draft_like(certificate: CertificateFacts, audits: tuple[str, ...]) -> CertificateFacts:
    """A draft with the scope and version of the certificate, as far as one is known that is not there yet: `audits` are
    those that were carried out since the certificate's period began."""
    return replace(certificate, state=Status.DRAFT, audits=audits, auditor_of_all=False, votes=Votes())


def renewal(certificate: CertificateFacts, draft: CertificateFacts, *, granted: bool) -> Renewal:
    """Of a certificate and the draft of its successor, which may be one that is only thought of (`draft_like`).

    `granted`: a successor is granted already, so nothing is missing. Whether this very caller may decide is left out.
    """
    found = LIFECYCLE.reasons("renew", certificate)
    if certificate.state not in LIFECYCLE.moves["renew"].sources or certificate.expires_on is None:
        return Renewal(missing=() if granted else found)
    first_after = certificate.expires_on + timedelta(days=1)
    missing = [reason for reason in found if reason.code != why.SUCCESSOR_DRAFTED.code]
    if certificate.successor_id is None:
        missing.append(why.DRAFT_NOT_OPENED)
    missing += [reason for reason in LIFECYCLE.reasons("grant", draft) if not reason.personal]
    return Renewal(
        opens_on=certificate.renewal_opens_on,
        audit_by=first_after,
        decide_by=first_after,
        extension_until=certificate.extension_until,
        restoration_until=certificate.restoration_until,
        missing=() if granted else tuple(missing),
    )
