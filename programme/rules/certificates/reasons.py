"""Why something cannot be done with a certificate now, in the words that its holder and its office are told."""

from __future__ import annotations

from programme.errors import Reason
from programme.sentences import Sentence

NO_AUDIT = Reason(
    "no_finalised_audit",
    Sentence(
        lt="Nėra užbaigto tos pačios apimties ir standarto versijos išorės audito.",
        en="There is no finalised external audit of the same scope and version.",
    ),
)
AUDIT_NOT_PASSED = Reason(
    "audit_not_passed",
    Sentence(
        lt="Išorės audito rezultatas neatitinka standarto vertinimo taisyklės.",
        en="The external audit does not meet the pass rule of the standard.",
    ),
    {"lifted_by": "override_reason"},
)
VALIDITY_UNKNOWN = Reason(
    "validity_not_set",
    Sentence(
        lt="Standarto savininkas dar nenustatė, kiek laiko galioja šios versijos sertifikatas.",
        en="The owner of the standard has not yet set how long a certificate of this version is valid.",
    ),
)
PASS_RULE_UNKNOWN = Reason(
    "pass_rule_not_set",
    Sentence(
        lt="Šio lygio kriterijai ir vertinimo taisyklė dar nenustatyti.",
        en="The criteria and the pass rule of this level are not set yet.",
    ),
)
DECIDER_IS_AUDITOR = Reason(
    "decider_is_auditor",
    Sentence(
        lt="Auditą atlikęs asmuo negali spręsti dėl sertifikato.",
        en="Whoever audited cannot decide on the certificate.",
    ),
    personal=True,
)
QUORUM_NOT_REACHED = Reason(
    "quorum_not_reached",
    Sentence(
        lt="Kvorumo nėra: balsų reikia {quorum}, gauta {cast}.",
        en="There is no quorum: votes needed {quorum}, cast {cast}.",
    ),
)
NOT_IN_FAVOUR = Reason(
    "majority_not_in_favour",
    Sentence(
        lt="Komitetas nepritarė: balsų už – {in_favour}, prieš – {against}.",
        en="The committee is not in favour: votes for {in_favour}, against {against}.",
    ),
)
NO_COMMITTEE = Reason(
    "no_committee",
    Sentence(
        lt="Pagal šios standarto versijos taisykles dėl sertifikato sprendžia vienas asmuo, todėl nebalsuojama.",
        en="By the policy of this version one person decides on a certificate, so there is no vote.",
    ),
)
END_DECIDED = Reason(
    "end_already_decided",
    Sentence(
        lt="Jau nuspręsta, kad sertifikatas netenka galios {effective_on}.",
        en="It is already decided that the certificate ends on {effective_on}.",
    ),
)
SUSPENSION_DECIDED = Reason(
    "suspension_already_decided",
    Sentence(
        lt="Jau nuspręsta sustabdyti sertifikatą nuo {effective_on}.",
        en="It is already decided to suspend the certificate from {effective_on}.",
    ),
)
CANCELLATION_REQUESTED = Reason(
    "cancellation_already_requested",
    Sentence(
        lt="Nutraukti sertifikatą jau prašyta {requested_on}; dėl prašymo dar nenuspręsta.",
        en="Cancellation was already requested on {requested_on} and is not decided yet.",
    ),
)
NO_CANCELLATION_REQUEST = Reason(
    "no_cancellation_request",
    Sentence(
        lt="Nėra prašymo nutraukti sertifikatą, dėl kurio reikėtų spręsti.",
        en="There is no request for cancellation that waits for a decision.",
    ),
)
EXTENSION_NOT_ALLOWED = Reason(
    "extension_not_allowed",
    Sentence(
        lt="Pagal šios standarto versijos taisykles sertifikato galiojimas nepratęsiamas.",
        en="By the policy of this version a certificate is not extended.",
    ),
)
EXTENSION_USED_UP = Reason(
    "extension_used_up",
    Sentence(
        lt="Sertifikatas jau pratęstas tiek, kiek leidžia taisyklės: iki {latest}.",
        en="The certificate is already extended as far as the policy allows: to {latest}.",
    ),
)
RESTORATION_NOT_ALLOWED = Reason(
    "restoration_not_allowed",
    Sentence(
        lt="Pagal šios standarto versijos taisykles pasibaigęs sertifikatas neatkuriamas.",
        en="By the policy of this version an expired certificate is not restored.",
    ),
)
RESTORATION_OVER = Reason(
    "restoration_window_over",
    Sentence(
        lt="Sertifikatą atkurti buvo galima iki {until}; dabar reikia naujo sertifikato.",
        en="The certificate could be restored until {until}; now it takes a new certificate.",
    ),
)
NOT_RECERTIFIED = Reason(
    "recertification_not_done",
    Sentence(
        lt="Nėra naujo, sėkmingai užbaigto tos pačios apimties ir standarto versijos išorės audito.",
        en="There is no new finalised external audit of the same scope and version that passes.",
    ),
)
WINDOW_NOT_OPEN = Reason(
    "window_not_open",
    Sentence(
        lt="Pakartotinį sertifikavimą galima pradėti nuo {opens_on}.",
        en="Recertification can be begun from {opens_on}.",
    ),
)
SUCCESSOR_DRAFTED = Reason(
    "successor_drafted",
    Sentence(
        lt="Jau rengiamas kitas sertifikatas, kuris pakeis šį.",
        en="Another certificate that is to take the place of this one is being prepared.",
    ),
)
DRAFT_NOT_OPENED = Reason(
    "draft_not_opened",
    Sentence(
        lt="Naujas sertifikatas, kuris pakeistų šį, dar nepradėtas rengti.",
        en="No certificate to take the place of this one is being prepared yet.",
    ),
)
