"""/verify/{reference}: whether a certificate is valid today, for people who were shown one. Both languages on one page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any, Final

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from api import answers
from api.documents import Pages, plain_page
from api.routes import register
from programme.errors import NotFound
from programme.queries.certificates import REGISTER
from programme.rules.certificates import REGISTER_VERDICTS, RegisterStatus
from programme.sentences import Language, Sentence

UNKNOWN: Final = Sentence(
    lt="Tokio sertifikato viešajame registre nėra.", en="There is no such certificate in the public register."
)
_WORDS: Final = {
    "holder": Sentence(lt="Turėtojas", en="Holder"),
    "legal_code": Sentence(lt="Juridinio asmens kodas", en="Legal code"),
    "standard": Sentence(lt="Standartas ir lygis", en="Standard and level"),
    "sites": Sentence(lt="Vietos", en="Sites"),
    "certified_on": Sentence(lt="Sertifikuota", en="Certified on"),
    "expires_on": Sentence(lt="Paskutinė galiojimo diena", en="Last valid day"),
    "day": Sentence(lt="Patikrinta", en="As of"),
}


async def verify(request: Request) -> Response:
    """The page of one entry of the register, or 404 with one that says that there is none."""
    reference = request.path_params["reference"]
    async with register.opened(request) as door:
        try:
            if len(reference) > register.LONGEST or not reference.isprintable():
                raise NotFound
            entry = await answers.read(door, REGISTER, reference, by="reference")
        except NotFound:
            return plain_page(_html(request, UNKNOWN, {}), "no-store").answer(request, 404)
        html = _html(request, *_told(entry, door.caller.today.isoformat()), entry["reference"])
        return plain_page(html, register.kept_for(door.caller.now)).answer(request)


def _told(entry: dict[str, Any], today: str) -> tuple[Sentence, dict[str, str]]:
    holder = entry["organisation"]
    facts = {
        "holder": holder["name"],
        "legal_code": holder["legal_code"],
        "standard": f"{entry['standard']} {entry['level']} ({entry['version']})",
        "sites": "; ".join(entry["sites"]),
        "certified_on": entry["certified_on"],
        "expires_on": entry["expires_on"],
        "day": today,
    }
    return REGISTER_VERDICTS[RegisterStatus(entry["status"])], {name: value for name, value in facts.items() if value}


def _html(request: Request, verdict: Sentence, facts: Mapping[str, str], reference: str = "") -> str:
    def section(language: Language) -> str:
        rows = "".join(
            f"<dt>{_WORDS[name].say(language)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items()
        )
        return f'<section lang="{language}"><h1>{escape(verdict.say(language))}</h1><dl>{rows}</dl></section>'

    pages: Pages = request.app.state.pages
    number = f"<p><code>{escape(reference)}</code></p>" if reference else ""
    return pages.plain(verdict.lt, number + section("lt") + section("en"))


def install(app: FastAPI) -> None:
    """Beside the other pages for people, which are not in the document."""
    app.add_route("/verify/{reference}", verify, methods=["GET"], include_in_schema=False)
