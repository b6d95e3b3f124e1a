"""What a refusal says on the wire, as RFC 9457 has it, whether it answers a request or stands among the results of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.idempotency import Reused
from api.limits import TooMany
from api.readiness import NotReady
from programme import errors
from programme.errors import Refusal
from programme.sentences import Language, Sentence


class NothingKept(Refusal):
    """Of several changes none was kept: each was refused, or one of those that were to be kept together; `results` tells
    of each."""

    code = "nothing_kept"
    title = Sentence(lt="Neišsaugota nieko", en="Nothing kept")

    def __init__(self, results: list[dict[str, Any]]) -> None:
        super().__init__(
            Sentence(
                lt="Neišsaugotas nė vienas įrašas; items nurodo, kodėl.",
                en="None of the items was kept; items tell why.",
            )
        )
        self.results = results


class NotKept(Refusal):
    """The item is as it should be, and was not kept because of another."""

    code = "not_kept"
    title = NothingKept.title

    def __init__(self) -> None:
        super().__init__(
            Sentence(
                lt="Šis įrašas tinka, bet neišsaugotas, nes atmestas kitas.",
                en="This item could be taken and was not kept, because another was refused.",
            )
        )


STATUS: dict[type[Refusal], int] = {
    errors.Malformed: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.NotAllowed: 409,
    errors.Conflict: 409,
    errors.Stale: 412,
    errors.Invalid: 422,
    errors.VersionRequired: 428,
    Reused: 422,
    TooMany: 429,
    errors.Unavailable: 503,
    errors.OutcomeUnknown: 503,
    NothingKept: 422,
    NotKept: 424,
    NotReady: 503,
}


def document(
    language: Language,
    request_id: str,
    status: int,
    code: str,
    title: Sentence,
    detail: Sentence,
    facts: Mapping[str, Any] | None = None,
    **members: Any,
) -> dict[str, Any]:
    """The problem document; members that are empty are left out."""
    return {
        "type": f"/problems/{code}",
        "title": title.say(language),
        "status": status,
        "detail": detail.say(language, facts),
        "code": code,
        "request_id": request_id,
        **{name: value for name, value in members.items() if value},
    }


def told(language: Language, request_id: str, refusal: Refusal) -> dict[str, Any]:
    """The refusal as it stands among the results of a request for several things."""
    return document(
        language,
        request_id,
        STATUS[type(refusal)],
        refusal.problem,
        refusal.title,
        refusal.sentence,
        refusal.facts,
        errors=[one.say(language) for one in refusal.errors],
        reasons=[one.say(language) for one in refusal.reasons],
    )
