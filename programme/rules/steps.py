"""Why an answer is what it is: the steps of a rule in their order, each with what it looked at and what it decides."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from programme.rules.calendar import VILNIUS, day_ends_at
from programme.sentences import Language, Sentence


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a rule. `values`: what it looked at. `decides`: the status, state or flag that follows from it; None
    where the rule goes on."""

    code: str
    sentence: Sentence
    values: Mapping[str, Any] = field(default_factory=dict)
    decides: str | None = None

    def say(self, language: Language) -> dict[str, Any]:
        values = {name: written(value) for name, value in self.values.items()}
        said = {name: value for name, value in values.items() if not isinstance(value, Sentence)}
        message = self.sentence.say(language, values)
        return {"code": self.code, "message": message, "values": said, "decides": self.decides}


def written(value: Any) -> Any:
    """Moments in UTC, as everywhere on the wire."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else value


@dataclass(frozen=True, slots=True)
class Told:
    """That a thing came to be in a state: from which day on (`effective_on`), and when that was recorded."""

    state: str
    effective_on: date
    recorded_at: datetime


def state_steps(on: date, told: Sequence[Told], names: Mapping[str, Sentence], state: str | None = None) -> list[Step]:
    """How a stored state came about: of what was recorded, in its order, the last whose day had come decides. Nothing
    where there was none yet. `state`: the one that it is, where somebody may not see all that led to it."""
    steps = [
        Step(
            "moved",
            Sentence(lt="Nuo {effective_on}: {state_name}.", en="From {effective_on}: {state_name}."),
            {"state": one.state, "state_name": names[one.state], "effective_on": one.effective_on,
             "recorded_at": one.recorded_at},
        )
        for one in told
        if one.effective_on <= on
    ]  # fmt: skip
    if state is None and steps:
        state = steps[-1].values["state"]
    if state is None:
        return []
    return [*steps, Step("state", STATE, {"state": state, "state_name": names[state]}, state)]


STATE = Sentence(lt="Taigi būsena: {state_name}.", en="So the state is: {state_name}.")


def day_steps(on: date, known_at: datetime | None) -> list[Step]:
    """Which day is judged, from when until when it lasts, and by whose knowledge."""
    steps = [
        Step(
            "day",
            Sentence(
                lt="Vertinama {day} diena; ji skaičiuojama pagal {zone} laiką ir trunka nuo {begins_at} iki {ends_at}.",
                en="The day is {day}; it is counted in the time of {zone} and lasts from {begins_at} until {ends_at}.",
            ),
            {"day": on, "zone": VILNIUS.key, "begins_at": day_ends_at(on - timedelta(days=1)),
             "ends_at": day_ends_at(on)},
        )
    ]  # fmt: skip
    if known_at is not None:
        steps.append(
            Step(
                "known",
                Sentence(
                    lt="Atsižvelgiama tik į tai, kas buvo įrašyta iki {known_at}.",
                    en="Only what was recorded by {known_at} is taken into account.",
                ),
                {"known_at": known_at},
            )
        )
    return steps


def decided(steps: Iterable[Step]) -> list[str]:
    """What the steps decide, in their order."""
    return [step.decides for step in steps if step.decides is not None]
