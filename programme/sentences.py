"""Text for people, in Lithuanian and English. Each sentence stands beside the rule that says it; this is its shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Language = Literal["lt", "en"]
LANGUAGES: tuple[Language, ...] = ("lt", "en")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in both languages; `{names}` in it are filled from the facts of the case."""

    lt: str
    en: str

    def say(self, language: Language, facts: Mapping[str, Any] | None = None) -> str:
        template: str = getattr(self, language)
        if not facts:
            return template
        return template.format(**{name: _readable(value, language) for name, value in facts.items()})


def _readable(value: Any, language: Language) -> str:
    if isinstance(value, Sentence):
        return value.say(language)
    if isinstance(value, list | tuple):
        return ", ".join(_readable(one, language) for one in value)
    return str(value)
