"""What is written in the editor, and what a new programme can begin with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from services.enrollment.adapters import accounts, organisations, programme_drafts, programme_files, programmes
from services.enrollment.domain.programme import Programme
from services.enrollment.domain.programme_draft import ProgrammeDraft
from services.enrollment.domain.programme_file.municipality import Municipality
from shared.base.listing import page_of
from shared.contracts.staff import EVERYWHERE
from shared.storage.tx import Tx

STAFF = "staff/"
MOST_PROGRAMMES = 200
"""So many published ones are offered to begin with, the newest first."""


async def read_programme_drafts(
    tx: Tx, query: Mapping[str, str], programme_ids: Collection[str] | None
) -> dict[str, Any]:
    """A page of the drafts of these programmes (None = of all)."""
    page = page_of(query, "drafts")
    found = await programme_drafts.load_page(tx, page, programme_ids)
    names = await _names(tx, [one.saved_by for _, one in found])
    return page.answer(
        found,
        lambda one: {
            "id": one.id,
            "programme_id": one.programme_id,
            "title": one.title,
            "saved_at": one.saved_at,
            "saved_by": names.get(one.saved_by, ""),
        },
    )


@dataclass(frozen=True, slots=True)
class Sources:
    """What can be begun with: titles by name."""

    templates: Mapping[str, str]
    published: Mapping[str, str]


async def read_sources(tx: Tx, programme_ids: Collection[str] | None) -> Sources:
    """`programme_ids`: those that may be read; None = all."""
    outlines = await programmes.load_newest(tx, MOST_PROGRAMMES, programme_ids)
    return Sources(programme_files.template_titles(), {one.id: one.title for one in outlines})


@dataclass(frozen=True, slots=True)
class Opened:
    """`base` is the text of the edition that was asked for, None when that is not kept; `published` what is published
    under the draft's id, with its file. `names`: whoever has had to do with it.
    """

    draft: ProgrammeDraft
    base: str | None
    published: Programme | None
    published_text: str | None
    municipalities: tuple[Municipality, ...]
    names: Mapping[str, str]


async def read_programme_draft(tx: Tx, draft_id: str, edition: int | None = None) -> Opened | None:
    """None when there is no such draft."""
    draft = await programme_drafts.load(tx, draft_id)
    if draft is None:
        return None
    older = edition is not None and edition != draft.edition
    base = await programme_drafts.load_edition(tx, draft_id, edition or 0) if older else draft.text
    published = await programmes.load(tx, draft.programme_id)
    text, _ = await programmes.load_newest_file(tx, draft.programme_id) if published else (None, 0)
    book = await organisations.load_municipalities(tx)
    people = [draft.begun_by, draft.saved_by, *(one.by for one in draft.decisions)]
    return Opened(
        draft,
        base,
        published,
        text,
        tuple(
            Municipality(one.organisation.code, one.organisation.name, one.organisation.region, one.organisation.cvr)
            for one in book
            if one.organisation.region and one.organisation.cvr
        ),
        await _names(tx, people),
    )


async def _names(tx: Tx, actors: Collection[str]) -> dict[str, str]:
    """What whoever has an account here is called, by actor."""
    ids = sorted({one.removeprefix(STAFF) for one in actors if one.startswith(STAFF)})
    known = await accounts.load_known(tx, ids, EVERYWHERE) if ids else {}
    return {f"{STAFF}{one}": name for one, (name, _) in known.items()}
