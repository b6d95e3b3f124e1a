"""Everything that can happen, by the kind of the resource that it happens to: a type is `<resource>.<what happened>`.

Each is told in a sentence, for the catalogue of the feed and its webhooks. A type stays once it was told to anybody.
"""

from __future__ import annotations

from programme.sentences import Sentence

HAPPENINGS: dict[str, dict[str, Sentence]] = {
    "annual_report": {
        "scheduled": Sentence(
            lt="Atsirado pareiga pateikti metinę ataskaitą.", en="An annual report is owed from now on."
        ),
        "imported": Sentence(
            lt="Metinė ataskaita įkelta su programos duomenimis.",
            en="An annual report came in with the programme's data.",
        ),
        "opened": Sentence(
            lt="Atėjo diena, nuo kurios metinę ataskaitą galima rengti.",
            en="The day came from which the annual report can be written.",
        ),
        "due_soon": Sentence(
            lt="Artėja metinės ataskaitos pateikimo terminas.", en="The annual report's last day draws near."
        ),
        "overdue": Sentence(
            lt="Metinės ataskaitos terminas praėjo, o ji nepateikta.",
            en="The annual report's last day went by without it.",
        ),
        "delinquent": Sentence(
            lt="Metinė ataskaita nepateikta ir per papildomą laiką.",
            en="The annual report was not there at the end of the days of grace either.",
        ),
        "started": Sentence(lt="Pradėta rengti metinė ataskaita.", en="The writing of the annual report began."),
        "draft_saved": Sentence(
            lt="Išsaugotas metinės ataskaitos juodraštis.", en="A draft of the annual report was saved."
        ),
        "submitted": Sentence(lt="Metinė ataskaita pateikta.", en="The annual report was submitted."),
        "forwarded_to_auditor": Sentence(
            lt="Metinė ataskaita perduota auditoriui.", en="The annual report was passed on to the auditor."
        ),
        "commented": Sentence(
            lt="Auditorius pateikė pastabas apie metinę ataskaitą.", en="The auditor commented on the annual report."
        ),
        "forwarded_to_office": Sentence(
            lt="Metinė ataskaita perduota EQUASS biurui.", en="The annual report was passed on to the EQUASS office."
        ),
        "returned": Sentence(
            lt="Metinė ataskaita grąžinta taisyti.", en="The annual report was returned to be mended."
        ),
        "approved": Sentence(lt="Metinė ataskaita patvirtinta.", en="The annual report was approved."),
        "waived": Sentence(
            lt="Organizacija atleista nuo pareigos pateikti metinę ataskaitą.",
            en="The organisation was released from the annual report.",
        ),
        "voided": Sentence(
            lt="Pareigos pateikti metinę ataskaitą nebėra.", en="The annual report is not owed any more."
        ),
        "extension_requested": Sentence(
            lt="Paprašyta pratęsti metinės ataskaitos terminą.",
            en="A later deadline was asked for the annual report.",
        ),
        "extension_decided": Sentence(
            lt="Nuspręsta dėl metinės ataskaitos termino pratęsimo.",
            en="A later deadline of the annual report was granted or declined.",
        ),
        "transferred": Sentence(
            lt="Metinė ataskaita su sertifikatu perėjo teisių perėmėjai.",
            en="With its certificate, the annual report passed to the legal successor.",
        ),
    },
    "assessment": {
        "planned": Sentence(lt="Vertinimas suplanuotas.", en="An assessment was planned."),
        "replanned": Sentence(lt="Pakeistas vertinimo planas.", en="The plan of the assessment was changed."),
        "assigned": Sentence(
            lt="Paskirtas vertinimo auditorius ar peržiūrėtojas.",
            en="An auditor or a reviewer was assigned to the assessment.",
        ),
        "started": Sentence(lt="Vertinimas pradėtas.", en="The assessment began."),
        "carried_forward": Sentence(
            lt="Perkelti praėjusio ciklo įvertinimai, kuriuos dar reikia patvirtinti.",
            en="Ratings of the last cycle were carried forward, to be confirmed.",
        ),
        "submitted": Sentence(lt="Vertinimas pateiktas.", en="The assessment was submitted."),
        "review_started": Sentence(lt="Pradėta vertinimo peržiūra.", en="The review of the assessment began."),
        "returned": Sentence(lt="Vertinimas grąžintas taisyti.", en="The assessment was returned to be mended."),
        "improvement_required": Sentence(
            lt="Peržiūra nustatė tobulinimo laikotarpį.", en="The review gave a period for improvement."
        ),
        "improvement_overdue": Sentence(
            lt="Tobulinimo laikotarpis baigėsi, o vertinimas iš naujo nepateiktas.",
            en="The period for improvement went by without a resubmission.",
        ),
        "resubmitted": Sentence(
            lt="Po tobulinimo vertinimas pateiktas iš naujo.", en="After improvement the assessment was resubmitted."
        ),
        "finalised": Sentence(lt="Vertinimas užbaigtas.", en="The assessment was finalised."),
        "cancelled": Sentence(lt="Vertinimas atšauktas.", en="The assessment was cancelled."),
    },
    "auditor": {
        "entered": Sentence(lt="Įrašytas auditorius.", en="An auditor was entered."),
        "amended": Sentence(
            lt="Pakeistos auditoriaus licencijos ar konsultuotos organizacijos.",
            en="The auditor's licences, or the organisations advised, were changed.",
        ),
    },
    "certificate": {
        "drafted": Sentence(lt="Parengtas sertifikato projektas.", en="A certificate was drafted."),
        "draft_revised": Sentence(
            lt="Pakeistas sertifikato projektas.", en="The draft of the certificate was changed."
        ),
        "imported": Sentence(
            lt="Sertifikatas įkeltas su programos duomenimis.", en="A certificate came in with the programme's data."
        ),
        "granted": Sentence(lt="Sertifikatas suteiktas.", en="The certificate was granted."),
        "refused": Sentence(lt="Sertifikato nuspręsta nesuteikti.", en="The certificate was refused."),
        "suspended": Sentence(
            lt="Nuspręsta sustabdyti sertifikato galiojimą.", en="It was decided to suspend the certificate."
        ),
        "review_overdue": Sentence(
            lt="Sustabdymo peržiūros diena praėjo be sprendimo.",
            en="The day by which the suspension was to be reviewed went by.",
        ),
        "reinstated": Sentence(
            lt="Nuspręsta atnaujinti sustabdyto sertifikato galiojimą.",
            en="It was decided that the certificate is in force again.",
        ),
        "withdrawn": Sentence(lt="Nuspręsta sertifikatą panaikinti.", en="It was decided to withdraw the certificate."),
        "cancellation_requested": Sentence(
            lt="Turėtojas paprašė nutraukti sertifikatą.", en="The holder asked to cancel the certificate."
        ),
        "cancellation_request_withdrawn": Sentence(
            lt="Turėtojas atsiėmė prašymą nutraukti sertifikatą.", en="The holder took back the request to cancel."
        ),
        "cancellation_declined": Sentence(
            lt="Turėtojo prašymas nutraukti sertifikatą netenkintas.", en="The holder's request to cancel was declined."
        ),
        "cancelled": Sentence(
            lt="Turėtojo prašymu nuspręsta sertifikatą nutraukti.",
            en="At the holder's request it was decided to cancel the certificate.",
        ),
        "decision_took_effect": Sentence(
            lt="Atėjo diena, nuo kurios galioja anksčiau priimtas sprendimas.",
            en="The day came on which an earlier decision takes effect.",
        ),
        "restricted": Sentence(lt="Sertifikato apimtis susiaurinta.", en="The certificate covers less."),
        "supplemented": Sentence(lt="Sertifikato apimtis papildyta.", en="The certificate covers more."),
        "amended": Sentence(
            lt="Patikslintas sertifikate nurodytas paslaugų gavėjų ar darbuotojų skaičius.",
            en="The numbers of people served and employed were put right in the certificate.",
        ),
        "extended": Sentence(
            lt="Sertifikato galiojimas pratęstas.", en="The certificate's last valid day was moved on."
        ),
        "restored": Sentence(
            lt="Pasibaigęs sertifikatas atkurtas.", en="The certificate is in force again after its end."
        ),
        "transferred": Sentence(
            lt="Sertifikatas perėjo turėtojo teisių perėmėjai.",
            en="The certificate passed to its holder's legal successor.",
        ),
        "superseded": Sentence(lt="Sertifikatą pakeitė naujas.", en="The certificate gave way to its successor."),
        "expiry_noticed": Sentence(
            lt="Artėja paskutinė sertifikato galiojimo diena.", en="The certificate's last valid day draws near."
        ),
        "expired": Sentence(lt="Sertifikato galiojimas baigėsi.", en="The certificate expired."),
    },
    "certificate_vote": {
        "recorded": Sentence(
            lt="Komiteto narys balsavo dėl sertifikato projekto.", en="A member of the committee voted on a draft."
        ),
        "transferred": Sentence(
            lt="Balsas su sertifikatu perėjo teisių perėmėjai.",
            en="With its certificate, the vote passed to the legal successor.",
        ),
    },
    "client": {
        "created": Sentence(lt="Užregistruotas klientas.", en="A client was registered."),
        "amended": Sentence(
            lt="Pakeistos kliento teisės ar duomenys.", en="The client's rights or particulars changed."
        ),
        "disabled": Sentence(lt="Klientas išjungtas.", en="The client was disabled."),
        "key_issued": Sentence(lt="Klientui išduotas raktas.", en="A key was issued to the client."),
        "key_revoked": Sentence(lt="Kliento raktas panaikintas.", en="A key of the client was revoked."),
    },
    "compliance_case": {
        "opened": Sentence(lt="Pradėta priežiūros byla.", en="A compliance case was opened."),
        "reopened": Sentence(lt="Priežiūros byla atnaujinta.", en="The compliance case was opened again."),
        "closed": Sentence(lt="Priežiūros byla baigta.", en="The compliance case was closed."),
        "transferred": Sentence(
            lt="Priežiūros byla su sertifikatu perėjo teisių perėmėjai.",
            en="With its certificate, the compliance case passed to the legal successor.",
        ),
    },
    "contact": {
        "added": Sentence(lt="Įrašytas kontaktinis asmuo.", en="A contact was added."),
        "amended": Sentence(lt="Pakeisti kontaktinio asmens duomenys.", en="The contact's particulars changed."),
        "erasure_requested": Sentence(
            lt="Paprašyta ištrinti kontaktinio asmens duomenis.", en="The erasure of the contact was asked for."
        ),
        "held": Sentence(
            lt="Kontaktinio asmens duomenis dar privaloma saugoti.", en="The contact has to be kept for the time being."
        ),
        "erased": Sentence(lt="Kontaktinio asmens duomenys ištrinti.", en="The contact was erased."),
    },
    "criterion_mapping": {
        "added": Sentence(lt="Įrašyta kriterijų sąsaja.", en="A mapping between criteria was added."),
        "amended": Sentence(lt="Pakeista kriterijų sąsaja.", en="The mapping between criteria was changed."),
        "removed": Sentence(lt="Pašalinta kriterijų sąsaja.", en="The mapping between criteria was removed."),
    },
    "enrolment": {
        "drafted": Sentence(lt="Parengta dalyvavimo paraiška.", en="An application to take part was drafted."),
        "draft_revised": Sentence(
            lt="Pakeista rengiama dalyvavimo paraiška.", en="The application's draft was changed."
        ),
        "imported": Sentence(
            lt="Dalyvavimas įkeltas su programos duomenimis.", en="An enrolment came in with the programme's data."
        ),
        "submitted": Sentence(lt="Paraiška pateikta.", en="The application was submitted."),
        "returned": Sentence(lt="Paraiška grąžinta taisyti.", en="The application was returned to be mended."),
        "review_started": Sentence(lt="Pradėta paraiškos atranka.", en="The selection began."),
        "selected": Sentence(lt="Organizacija atrinkta.", en="The organisation was selected."),
        "put_on_reserve": Sentence(
            lt="Organizacija įrašyta į rezervinį sąrašą.", en="The organisation was put on the reserve list."
        ),
        "rejected": Sentence(lt="Paraiška atmesta.", en="The application was rejected."),
        "withdrawn": Sentence(lt="Paraiška atsiimta.", en="The application was withdrawn."),
        "agreement_signed": Sentence(
            lt="Pasirašyta dalyvavimo sutartis.", en="The agreement was signed: the organisation takes part."
        ),
        "stage_recorded": Sentence(
            lt="Įrašytos projekto etapo datos.", en="Dates of a stage of the project were recorded."
        ),
        "stage_overdue": Sentence(
            lt="Praėjo suplanuota etapo diena, o etapas nebaigtas.", en="The planned day of a stage went by."
        ),
        "outlives_project": Sentence(
            lt="Projektas baigėsi, o dalyvavimas dar vykdomas.",
            en="The project ended, and the enrolment is still active.",
        ),
        "completed": Sentence(lt="Dalyvavimas baigtas.", en="The enrolment was completed."),
        "terminated": Sentence(lt="Dalyvavimas nutrauktas.", en="The enrolment was terminated."),
    },
    "finding": {
        "raised": Sentence(lt="Nustatyta neatitiktis.", en="A finding was raised."),
        "revised": Sentence(lt="Neatitiktis aprašyta iš naujo.", en="The finding was worded anew."),
        "planned": Sentence(lt="Pateiktas korekcinių veiksmų planas.", en="A plan of corrective action was handed in."),
        "answered": Sentence(
            lt="Pateikta, kaip neatitiktis pašalinta.", en="What was done about the finding was handed in."
        ),
        "reopened": Sentence(
            lt="Neatitikties pašalinimas nepriimtas.", en="What was done was not found to be effective."
        ),
        "extended": Sentence(
            lt="Pratęstas neatitikties pašalinimo terminas.", en="The finding was given a later last day."
        ),
        "overdue": Sentence(
            lt="Neatitikties pašalinimo terminas praėjo.", en="The finding's last day went by without an answer."
        ),
        "closed": Sentence(
            lt="Patikrinta, kad neatitiktis pašalinta.", en="The answer was verified and the finding closed."
        ),
        "withdrawn": Sentence(lt="Neatitiktis atšaukta.", en="The finding was withdrawn."),
    },
    "import": {
        "staged": Sentence(lt="Įkeltas failas peržiūrėti.", en="A file was brought in to be looked at."),
        "committed": Sentence(lt="Įkėlimas įvykdytas.", en="The import was committed."),
        "discarded": Sentence(lt="Įkėlimo atsisakyta.", en="The import was discarded."),
    },
    "indicator": {
        "defined": Sentence(lt="Nustatytas rezultatų rodiklis.", en="A result indicator was defined."),
        "amended": Sentence(lt="Pakeistas rezultatų rodiklis.", en="The result indicator was changed."),
        "retired": Sentence(lt="Rezultatų rodiklis nebenaudojamas.", en="The result indicator is not used any more."),
        "resumed": Sentence(lt="Rezultatų rodiklis vėl naudojamas.", en="The result indicator is used again."),
    },
    "organisation": {
        "registered": Sentence(lt="Užregistruota organizacija.", en="An organisation was registered."),
        "imported": Sentence(
            lt="Organizacija įkelta su programos duomenimis.", en="An organisation came in with the programme's data."
        ),
        "amended": Sentence(lt="Pakeisti organizacijos duomenys.", en="The organisation's particulars changed."),
        "renamed": Sentence(lt="Pasikeitė organizacijos pavadinimas.", en="The organisation has a new name."),
    },
    "policy": {
        "set": Sentence(
            lt="Nuo tam tikros dienos nustatytos versijos taisyklės.", en="A version's policy was set, from a day on."
        ),
    },
    "project": {
        "added": Sentence(lt="Įrašytas projektas.", en="A project was added."),
        "amended": Sentence(lt="Pakeisti projekto duomenys.", en="The project's particulars changed."),
    },
    "rating": {
        "recorded": Sentence(lt="Įvertintas kriterijus.", en="A criterion was rated."),
        "carried_forward": Sentence(
            lt="Perkeltas praėjusio ciklo kriterijaus įvertinimas.",
            en="The rating of the last cycle was carried forward.",
        ),
    },
    "site": {
        "opened": Sentence(lt="Įrašyta paslaugos teikimo vieta.", en="A site was opened."),
        "amended": Sentence(lt="Pakeisti paslaugos teikimo vietos duomenys.", en="The site's particulars changed."),
        "closed": Sentence(lt="Paslaugos teikimo vieta uždaryta.", en="The site was closed."),
    },
    "standard": {
        "added": Sentence(lt="Įrašytas standartas.", en="A standard was added."),
        "amended": Sentence(lt="Pakeisti standarto duomenys.", en="The standard's particulars changed."),
    },
    "standard_version": {
        "added": Sentence(lt="Įrašyta standarto versija.", en="A version of a standard was added."),
        "amended": Sentence(lt="Pakeisti standarto versijos duomenys.", en="The version's particulars changed."),
        "texts_imported": Sentence(
            lt="Įkelti standarto versijos kriterijų tekstai.", en="Texts of the version's criteria were brought in."
        ),
        "drafting_started": Sentence(
            lt="Standarto versija pradėta rengti.", en="The version's criteria began to be drafted."
        ),
        "published": Sentence(lt="Standarto versija paskelbta.", en="The version was published."),
        "retired": Sentence(lt="Standarto versija nebenaudojama.", en="The version was retired."),
    },
    "strand": {
        "added": Sentence(lt="Įrašyta projekto veikla.", en="A strand of a project was added."),
        "amended": Sentence(lt="Pakeisti projekto veiklos duomenys.", en="The strand's particulars changed."),
    },
    "support_activity": {
        "recorded": Sentence(lt="Įrašyti mokymai ar konsultacija.", en="A training or a consultation was recorded."),
        "amended": Sentence(
            lt="Pakeisti mokymų ar konsultacijos duomenys.", en="Particulars of the training or consultation changed."
        ),
        "cancelled": Sentence(lt="Mokymai ar konsultacija atšaukti.", en="The training or consultation was cancelled."),
    },
    "webhook_endpoint": {
        "added": Sentence(lt="Įrašytas įvykių gavimo adresas.", en="A webhook endpoint was added."),
        "amended": Sentence(lt="Pakeistas įvykių gavimo adresas.", en="The webhook endpoint was changed."),
        "enabled": Sentence(lt="Įvykių gavimo adresas įjungtas.", en="The webhook endpoint was enabled."),
        "disabled": Sentence(lt="Įvykių gavimo adresas išjungtas.", en="The webhook endpoint was disabled."),
        "secret_rotated": Sentence(
            lt="Pakeista įvykių gavimo adreso paslaptis.", en="The secret of the webhook endpoint was rotated."
        ),
        "example_sent": Sentence(
            lt="Įvykių gavimo adresui siųstas pavyzdys.", en="An example was sent to the webhook endpoint."
        ),
        "recovered": Sentence(
            lt="Įvykių gavimo adresui iš naujo siunčiama tai, kas nuo tam tikros dienos nepriimta.",
            en="What was not taken since a day is delivered anew to the webhook endpoint.",
        ),
        "resent": Sentence(
            lt="Įvykių gavimo adresui iš naujo siunčiamas pranešimas.",
            en="A message is delivered anew to the webhook endpoint.",
        ),
        "removed": Sentence(lt="Įvykių gavimo adresas pašalintas.", en="The webhook endpoint was removed."),
    },
}
