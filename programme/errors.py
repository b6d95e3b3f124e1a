"""Why the programme says no.

A refusal is an ordinary outcome, not a fault: the caller asked for something that the programme does
not grant. It carries a stable `code`, a sentence for a person in two languages, and the facts that a
program needs. It knows nothing of HTTP; `api.problems` gives each kind its status.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from programme.sentences import Language, Sentence


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that stands in the way of a move. `personal`: it is this caller's own conflict, not the state's."""

    code: str
    sentence: Sentence
    facts: Mapping[str, Any] = field(default_factory=dict)
    personal: bool = False

    def given(self, **facts: Any) -> Reason:
        return Reason(self.code, self.sentence, facts, self.personal)

    def at(self, pointer: str) -> FieldError:
        """The same of one place of the body, where another value there would not meet it."""
        return FieldError(pointer, self.code, self.sentence, self.facts)

    def say(self, language: Language) -> dict[str, Any]:
        """As it stands in `reasons`: the code, the sentence, and the facts in machine-readable form."""
        plain = {name: value for name, value in self.facts.items() if not isinstance(value, Sentence)}
        return {"code": self.code, "message": self.sentence.say(language, self.facts), **plain}


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one place of the request; `pointer` is an RFC 6901 JSON pointer into the body, or `?` and the
    name of a query parameter."""

    pointer: str
    code: str
    sentence: Sentence
    facts: Mapping[str, Any] = field(default_factory=dict)

    def say(self, language: Language) -> dict[str, Any]:
        place = {"parameter": self.pointer[1:]} if self.pointer.startswith("?") else {"pointer": self.pointer}
        return {**place, "code": self.code, "message": self.sentence.say(language, self.facts)}


class Refusal(Exception):
    """The base of every no. Subclasses are kinds; `code` tells cases of one kind apart."""

    code: ClassVar[str] = "refused"
    title: ClassVar[Sentence] = Sentence(lt="Atsisakyta", en="Refused")

    def __init__(
        self,
        sentence: Sentence,
        *,
        code: str | None = None,
        reasons: Sequence[Reason] = (),
        errors: Sequence[FieldError] = (),
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(sentence.en)
        self.sentence = sentence
        self.problem = code or type(self).code
        self.reasons = tuple(reasons)
        self.errors = tuple(errors)
        self.facts = dict(facts or {})

    def __str__(self) -> str:
        lines = [self.sentence.say("en", self.facts)]
        lines += [reason.sentence.say("en", reason.facts) for reason in self.reasons]
        lines += [f"{error.pointer}: {error.sentence.say('en', error.facts)}" for error in self.errors]
        return "\n".join(lines)


class NotFound(Refusal):
    """There is no such thing, or the caller may not know that there is."""

    code = "not_found"
    title = Sentence(lt="Nerasta", en="Not found")

    def __init__(self, sentence: Sentence | None = None) -> None:
        super().__init__(sentence or Sentence(lt="Tokio įrašo nėra.", en="There is no such record."))


class NotAllowed(Refusal):
    """The thing exists, but not in a state from which this may be done; `reasons` says what is missing."""

    code = "not_allowed"
    title = Sentence(lt="Dabar to padaryti negalima", en="Not allowed now")


class Conflict(Refusal):
    """Something else already holds this place."""

    code = "conflict"
    title = Sentence(lt="Vieta užimta", en="Conflict")


class Forbidden(Refusal):
    """The caller is known and may not do this."""

    code = "forbidden"
    title = Sentence(lt="Neturite teisės", en="Forbidden")


class Unauthenticated(Refusal):
    """Nobody knows who calls."""

    code = "unauthenticated"
    title = Sentence(lt="Nežinoma, kas kreipiasi", en="Unauthenticated")


class Invalid(Refusal):
    """The body is well formed and says something that cannot be; `errors` points at it."""

    code = "invalid"
    title = Sentence(lt="Netinkamas turinys", en="Invalid content")

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(
            Sentence(lt="Užklausos turinyje yra klaidų.", en="The content of the request has errors."),
            errors=errors,
        )


class Malformed(Refusal):
    """The request cannot be read, or has a query parameter that is not known or not well formed."""

    code = "malformed"
    title = Sentence(lt="Neperskaitoma užklausa", en="Malformed request")


class Stale(Refusal):
    """The version that the caller saw is no longer the current one."""

    code = "stale_version"
    title = Sentence(lt="Įrašas jau pakeistas", en="Stale version")

    def __init__(self) -> None:
        super().__init__(
            Sentence(
                lt="Įrašas pasikeitė po to, kai jį perskaitėte. Perskaitykite iš naujo ir bandykite dar kartą.",
                en="The record has changed since you read it. Read it again and retry.",
            )
        )


class VersionRequired(Refusal):
    """A change came without saying which version it is meant for."""

    code = "version_required"
    title = Sentence(lt="Nenurodyta versija", en="Version required")

    def __init__(self) -> None:
        super().__init__(
            Sentence(
                lt="Antraštėje If-Match nurodykite įrašo versiją: jo ETag reikšmę.",
                en="Name the version you change in the If-Match header: the record's ETag.",
            )
        )


class Unavailable(Refusal):
    """The database, or what else is needed, is away or busy; the same request may be sent again."""

    code = "unavailable"
    title = Sentence(lt="Paslauga laikinai neprieinama", en="Temporarily unavailable")

    def __init__(self) -> None:
        super().__init__(
            Sentence(
                lt="Paslauga šiuo metu negali atsakyti. Bandykite po kelių sekundžių.",
                en="The service cannot answer at the moment. Try again in a few seconds.",
            )
        )


class OutcomeUnknown(Refusal):
    """The database was lost while it kept the change: whether it did, nobody knows."""

    code = "outcome_unknown"
    title = Sentence(lt="Nežinoma, ar išsaugota", en="Outcome unknown")

    def __init__(self) -> None:
        super().__init__(
            Sentence(
                lt="Ryšys su duomenų baze nutrūko pačiu įrašymo metu, todėl nežinoma, ar pakeitimas išsaugotas. "
                "Perskaitykite įrašą iš naujo, o su Idempotency-Key tą pačią užklausą galite saugiai siųsti dar kartą.",
                en="The database was lost while it kept the change, so nobody knows whether it did. Read the record "
                "again; with an Idempotency-Key the same request may safely be sent again.",
            )
        )
