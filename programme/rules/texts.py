"""Text that people write, as it is kept: how long it is, and what no reader could see."""

from __future__ import annotations

import re

LONGEST_LINE, LONGEST_PROSE = 300, 10_000
"""Characters of a name or title, and of a text of several lines."""

UNSEEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
"""Control characters besides tab and new line, zero-width characters and those that turn the direction of text."""
