"""Legal-entity codes: the real ones pass, a changed digit does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import programme
from programme.rules.legal_codes import check_digit, is_legal_code

VECTORS: dict[str, Any] = yaml.safe_load(
    (Path(programme.__file__).parent / "data" / "vectors.yaml").read_text(encoding="utf-8")
)


@pytest.mark.parametrize(
    "code",
    [*VECTORS["company_codes_valid"], *VECTORS["synthetic_codes"], VECTORS["second_round"], VECTORS["third_case_zero"]],
)
def test_codes_of_the_register_and_synthetic_ones_are_valid(code: str) -> None:
    assert is_legal_code(code)


@pytest.mark.parametrize("code", VECTORS["company_codes_invalid"])
def test_wrong_digits_lengths_and_letters_are_not(code: str) -> None:
    assert not is_legal_code(code)


@given(st.from_regex(r"[0-9]{8}", fullmatch=True))
def test_every_first_eight_have_exactly_one_ninth(first: str) -> None:
    assert [digit for digit in "0123456789" if is_legal_code(first + digit)] == [str(check_digit(first))]


@given(st.text(max_size=12))
def test_no_text_makes_it_stumble(text: str) -> None:
    assert is_legal_code(text) in (True, False)


@pytest.mark.parametrize("digits", ["1234567", "123456789", ""])
def test_a_check_digit_is_of_eight_digits(digits: str) -> None:
    with pytest.raises(ValueError, match="zip"):
        check_digit(digits)


def test_where_the_first_weights_give_ten_the_second_ones_decide() -> None:
    second_rounds = 0
    for number in range(10_000_000, 100_000_000, 8_191):
        digits = [int(one) for one in str(number)]
        first = sum(place * digit for place, digit in enumerate(digits, start=1)) % 11
        second = sum(((place + 1) % 9 + 1) * digit for place, digit in enumerate(digits, start=1)) % 11
        assert check_digit(str(number)) == (first if first < 10 else second % 10)
        second_rounds += first == 10
    assert second_rounds > 500
