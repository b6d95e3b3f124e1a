"""The Lithuanian legal-entity code (juridinio asmens kodas): nine digits, the last one a check digit.

It is not the VAT rule: `lt.pvm` of common libraries refuses real codes such as 304764201.
"""

from __future__ import annotations

import re

_SHAPE = re.compile(r"[0-9]{9}", re.ASCII)


def check_digit(first_eight: str) -> int:
    """Weights 1…8 modulo 11; if that gives 10, weights 3,4,5,6,7,8,9,1; if 10 again, 0."""
    digits = [int(one) for one in first_eight]
    for weights in ((1, 2, 3, 4, 5, 6, 7, 8), (3, 4, 5, 6, 7, 8, 9, 1)):
        rest = sum(weight * digit for weight, digit in zip(weights, digits, strict=True)) % 11
        if rest != 10:
            return rest
    return 0


def is_legal_code(text: str) -> bool:
    """Nine ASCII digits whose last is the check digit of the first eight."""
    return _SHAPE.fullmatch(text) is not None and check_digit(text[:8]) == int(text[8])
