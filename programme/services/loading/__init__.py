"""Loading the real programme from its files: the catalogue, and the organisations with what is known of them.

Loading is repeatable. A loading keeps everything or nothing; a second one changes nothing; a changed file changes what
it says anew and leaves alone what people have changed here since.
"""

from __future__ import annotations

from pathlib import Path

from programme.database import Database
from programme.services.loading import providers
from programme.services.loading.catalogue import Catalogue, keep_catalogue
from programme.services.loading.files import BUILT_IN, BrokenFile
from programme.services.loading.keeping import LOADING, take_turns
from programme.services.loading.organisations import keep_organisations
from programme.work import begin

__all__ = ["BrokenFile", "load_catalogue", "load_programme"]


async def load_catalogue(database: Database, directory: Path | None = None) -> dict[str, int]:
    """Standards, code lists and projects. Tells how many entries of each kind the files have, and how many rows are
    `new_or_changed`. `BrokenFile` where a file cannot be understood."""
    catalogue = Catalogue.read(directory or BUILT_IN)
    async with begin(database, LOADING) as work:
        await take_turns(work)
        touched = await keep_catalogue(work, catalogue)
    return catalogue.counts() | {"new_or_changed": touched}


async def load_programme(database: Database, directory: Path | None = None) -> dict[str, int]:
    """The catalogue and the organisations with their certificates and enrolments, counted as `load_catalogue` does."""
    catalogue = Catalogue.read(directory or BUILT_IN)
    entries = providers.read(directory or BUILT_IN, catalogue)
    async with begin(database, LOADING) as work:
        await take_turns(work)
        touched = await keep_catalogue(work, catalogue)
        tally = await keep_organisations(work, entries)
    return catalogue.counts() | tally | {"new_or_changed": touched + tally["new_or_changed"]}
