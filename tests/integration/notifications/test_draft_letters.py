"""A programme that is still a draft shows the mails that it would send; nothing is kept, and nobody is written to."""

from __future__ import annotations

import json

from deploy.local.locations import ROOT
from services.enrollment.domain.programme_file.check import check
from services.enrollment.domain.programme_file.terms import terms
from shared.contracts.programme import ProgrammeTerms
from tests.support.hostile import TEXTS, must_be_escaped
from tests.support.post_office import PostOffice, words

HERE = "/notifications/stab/udkast"


def terms_of(name: str = "flere-i-arbejde") -> ProgrammeTerms:
    programme = check((ROOT / "programmes" / f"{name}.yaml").read_text(encoding="utf-8")).programme
    assert programme is not None
    return terms(programme)


async def test_a_drafts_mails_are_written_from_its_terms_and_nothing_is_kept(post_office: PostOffice) -> None:
    page = await post_office.post(HERE, {"terms": terms_of().model_dump_json()})
    assert page.status_code == 200
    said = words(page)
    for part in ("Flere i arbejde", "fredag den 14. oktober 2016", "post@proeveby.example", "asta@proeveby.example"):
        assert part in said, part
    assert page.text.count("<details") == 4, "the invitation, its reminder, the form and the place"
    assert "106.250,00 kr." in said
    assert await post_office.desk.pool.fetchval("SELECT count(*) FROM messages") == 0
    members = words(await post_office.post(HERE, {"terms": terms_of("hvidovre-ungepartnerskab").model_dump_json()}))
    assert "ingen af de mails" in members


async def test_what_is_no_programme_is_no_mail_and_texts_are_texts(post_office: PostOffice) -> None:
    for odd in ("", "{}", "[1]", "x", *TEXTS.values()):
        refused = await post_office.post(HERE, {"terms": odd})
        assert refused.status_code in {400, 422}, odd
        must_be_escaped(refused.text)
    whole = json.loads(terms_of().model_dump_json())
    for odd in TEXTS.values():
        whole["ref"]["title"] = whole["ref"]["seller"]["name"] = odd
        shown = await post_office.post(HERE, {"terms": json.dumps(whole)})
        assert shown.status_code in {200, 400, 422}, (odd, shown.text)
        must_be_escaped(shown.text)
