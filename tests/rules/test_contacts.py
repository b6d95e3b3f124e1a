"""How long a person's particulars are kept, and what stands for them in the history."""

from __future__ import annotations

from datetime import date, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programme.errors import NotAllowed
from programme.rules.contacts import PERSONAL, Ground, require_erasable, require_kept, stand_in

DAY = date(2026, 11, 22)
ONA = {"name": "Ona Pavyzdė", "position": None, "email": "ona@namai.example.lt", "telephone": None}


def test_what_is_erased_is_neither_changed_nor_erased_again() -> None:
    require_kept(erased=False)
    with pytest.raises(NotAllowed) as refused:
        require_kept(erased=True)
    assert [reason.code for reason in refused.value.reasons] == ["contact_erased"]
    with pytest.raises(NotAllowed) as refused:
        require_erasable(DAY, erased=True, hold_ground="legal_claims", hold_until_on=DAY)
    assert [reason.code for reason in refused.value.reasons] == ["contact_erased"]


@given(st.integers(-400, 400), st.sampled_from(Ground))
def test_a_hold_keeps_until_its_last_day_inclusive(days: int, ground: Ground) -> None:
    until = DAY + timedelta(days=days)
    if days < 0:
        require_erasable(DAY, erased=False, hold_ground=ground, hold_until_on=until)
        return
    with pytest.raises(NotAllowed) as refused:
        require_erasable(DAY, erased=False, hold_ground=ground, hold_until_on=until)
    (reason,) = refused.value.reasons
    assert (reason.code, reason.facts) == ("contact_on_hold", {"hold_until_on": until, "hold_ground": ground})


def test_nothing_held_can_be_erased() -> None:
    require_erasable(DAY, erased=False, hold_ground=None, hold_until_on=None)


def test_what_stands_in_is_the_salted_hash_of_all_particulars_in_their_order() -> None:
    text = '["Ona Pavyzdė", null, "ona@namai.example.lt", null]'
    assert stand_in(b"salt", ONA) == sha256(b"salt" + text.encode()).hexdigest()
    assert stand_in(b"salt", dict(reversed(ONA.items()))) == stand_in(b"salt", ONA)


@given(st.binary(min_size=1, max_size=32), st.sampled_from(PERSONAL), st.text(max_size=20))
def test_another_salt_or_particular_stands_in_otherwise(salt: bytes, name: str, other: str) -> None:
    assert stand_in(salt, ONA) != stand_in(salt + b"x", ONA)
    if other != ONA[name]:
        assert stand_in(salt, ONA) != stand_in(salt, ONA | {name: other})
