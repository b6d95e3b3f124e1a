"""How a table of moves answers, shown on a small one: what stands in the way, who may, and in which words."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass

import pytest

from programme.errors import Forbidden, NotAllowed, Reason
from programme.rules.lifecycle import Lifecycle, Role, guard, move
from programme.sentences import Sentence


@dataclass(frozen=True)
class Lamp:
    state: str
    broken: bool = False
    own: bool = True


BROKEN = Reason("broken", Sentence(lt="Sugedusi.", en="It is broken."))
NOT_YOURS = Reason("not_yours", Sentence(lt="Ne jūsų.", en="It is not yours."), personal=True)
LAMPS: Lifecycle[Lamp] = Lifecycle(
    "lamp",
    {
        "off": Sentence(lt="išjungta", en="off"),
        "dim": Sentence(lt="pritemdyta", en="dim"),
        "on": Sentence(lt="įjungta", en="on"),
    },
    [
        move("switch_on", ["off", "dim"], "on", [Role.PROVIDER], "lamp.lit", "works", "yours", "dark_outside"),
        move("switch_off", ["on"], "off", [Role.PROVIDER, Role.COORDINATOR], "lamp.put_out"),
        move("look_at", ["on"], None, [Role.AUDITOR], "lamp.seen"),
    ],
    {"works": guard(BROKEN, lambda lamp: lamp.broken), "yours": guard(NOT_YOURS, lambda lamp: not lamp.own)},
)


def test_a_move_from_its_states_with_no_guard_in_the_way_is_given() -> None:
    assert LAMPS.check("switch_on", Lamp("off")).to == "on"
    assert LAMPS.reasons("switch_on", Lamp("dim")) == ()
    assert LAMPS.check("look_at", Lamp("on")).to is None
    assert LAMPS.moves["switch_off"].path == "switch-off"


def test_the_wrong_state_is_told_with_the_right_ones_in_both_languages() -> None:
    (reason,) = LAMPS.reasons("switch_on", Lamp("on", broken=True))
    assert reason.say("en") == {
        "code": "wrong_state",
        "message": "The current state, on, does not allow this; it is possible from: dim, off.",
        "state": "on",
        "from": ["dim", "off"],
    }
    assert reason.say("lt")["message"] == (
        "Dabartinė būsena „įjungta“ šio veiksmo neleidžia; jis galimas esant būsenai: „pritemdyta“, „išjungta“."
    )


def test_every_guard_in_the_way_is_told_in_order_and_a_personal_one_forbids() -> None:
    with pytest.raises(NotAllowed) as refused:
        LAMPS.check("switch_on", Lamp("off", broken=True))
    assert refused.value.reasons == (BROKEN,)
    assert refused.value.problem == "not_allowed"
    with pytest.raises(Forbidden) as forbidden:
        LAMPS.check("switch_on", Lamp("off", broken=True, own=False))
    assert forbidden.value.reasons == (BROKEN, NOT_YOURS)
    assert forbidden.value.problem == "conflict_of_interest"


def test_actions_are_the_moves_of_the_role_with_what_stands_in_their_way() -> None:
    lamp = Lamp("off", broken=True)
    assert [
        (one.name, one.path, [reason.code for reason in one.reasons]) for one in LAMPS.actions(lamp, Role.PROVIDER)
    ] == [
        ("switch_on", "switch-on", ["broken"]),
        ("switch_off", "switch-off", ["wrong_state"]),
    ]
    assert [one.name for one in LAMPS.actions(lamp, Role.COORDINATOR)] == ["switch_off"]
    assert LAMPS.actions(lamp, Role.PARTNER) == []


def test_what_is_no_move_is_bound_to_states_too() -> None:
    LAMPS.require("off", "off", "dim")
    with pytest.raises(NotAllowed) as refused:
        LAMPS.require("on", "off", "dim")
    assert [reason.facts["from"] for reason in refused.value.reasons] == [["dim", "off"]]


def test_a_sweep_finds_the_states_that_a_move_starts_from_in_order() -> None:
    assert LAMPS.sources("switch_on") == ["dim", "off"]


def test_a_table_that_was_read_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        LAMPS.moves["switch_on"].to = "off"  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        LAMPS.actions(Lamp("off"), Role.PROVIDER)[0].name = "other"  # type: ignore[misc]
