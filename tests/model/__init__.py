"""The programme as the plan tells it, in plain Python: what walks over the service are held to.

Which moves there are, and by whom, is read from `lifecycles.yaml`; what its guards mean, what may be dated how and what
follows from a day is written here from domain.md, rulings.md and the decisions, without a line of the service. So the
service and this model agree by having understood the same text.
"""

from tests.model import certificate_guards as _guards  # noqa: F401 - read for what they enter
from tests.model.programme import OPEN, Actor, Organisation, Programme, Project, Thing, Verdict

__all__ = ["OPEN", "Actor", "Organisation", "Programme", "Project", "Thing", "Verdict"]
