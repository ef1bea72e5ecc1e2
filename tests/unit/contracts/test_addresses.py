"""One rule for an address: what one door takes, all take, and the mailer mails."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.enrollment.domain.address_book import read_rows, require_email
from services.enrollment.domain.form import read
from services.enrollment.domain.programme_file.check import check
from services.notifications.adapters import mime
from services.notifications.adapters.texts import Texts
from services.notifications.domain.calendar.entry import Mailbox
from shared.contracts.addresses import LONGEST_LOCAL, mail_address
from shared.contracts.programme import EnrolmentPlan, FormField
from shared.contracts.refusal import Refused
from tests.support.enrollment_desk import programme_text

AT = datetime(2020, 6, 15, 9, 30, tzinfo=UTC)
TEXTS = Texts("Emne", "Hej\n", "<p>Hej</p>\n")
TAKEN = {
    "bo@k.example": "bo@k.example",
    " bo@k.example ": "bo@k.example",
    "Bo.Ågesen@k.example": None,
    "bo+hold@k-k.example": "bo+hold@k-k.example",
    "o'hara@k.example": "o'hara@k.example",
    "Bo@K.Example": "Bo@K.Example",
    "bo@blåbær.example": "bo@xn--blbr-roah.example",
    "bo@xn--blbr-roah.example": "bo@xn--blbr-roah.example",
    "b" * LONGEST_LOCAL + "@k.example": "b" * LONGEST_LOCAL + "@k.example",
    "b" * (LONGEST_LOCAL + 1) + "@k.example": None,
    "bo@" + "k" * 64 + ".example": None,
    "bo@" + ".".join(["k" * 60] * 5) + ".example": None,
    "=?utf-8?q?bo?=@k.example": None,
    "bo@k": None,
    "bo@@k.example": None,
    "bo..b@k.example": None,
    "b o@k.example": None,
    "bo\u00ad@k.example": None,
    "bo@k\u200b.example": None,
    '"bo"@k.example': None,
    "bo@[127.0.0.1]": None,
    "<bo@k.example>": None,
    "bo@k.example,x@y.example": None,
    "bo@k_k.example": None,
    "": None,
}
"""As it is typed, and as it is kept; None = refused."""


def kept_by_a_rule(text: str) -> str | None:
    try:
        return mail_address(text)
    except ValueError:
        return None


@pytest.mark.parametrize("typed", TAKEN)
def test_every_door_takes_the_same_addresses_and_keeps_them_alike(typed: str) -> None:
    wanted = TAKEN[typed]
    assert kept_by_a_rule(typed) == wanted
    if wanted is None:
        with pytest.raises(Refused) as refused:
            require_email(typed, "email")
        assert (refused.value.code, refused.value.field) == ("invalid_email", "email")
    else:
        assert require_email(typed, "email") == wanted

    plan = EnrolmentPlan(who="municipalities", how="sign_up", form=(FormField(id="q", label="Q", format="email"),))
    answers = read(plan, {"q": typed})
    assert (answers.given.get("q") if not answers.wrong else None) == (wanted if typed else None)

    changes, wrong = read_rows(["Kommunekode", "Hovedpostkasse"], [["0101", typed]], {"0101": ""})
    if typed:
        assert (changes[0].main_email if not wrong else None) == wanted

    text = programme_text().replace("staff_email: ungenetvaerk@kl.example", f"staff_email: {typed!r}", 1)
    programme = check(text).programme
    assert (programme.staff_email if programme else None) == wanted

    if wanted is not None:
        bo = Mailbox("Bo", wanted)
        mail = mime.compose(key="k", sender=bo, answer_to=wanted, recipient=bo, written_at=AT, texts=TEXTS)
        assert (mail.recipient, f"<{wanted}>".encode() in mail.content) == (wanted, True)


def test_the_reason_is_the_true_one() -> None:
    for typed, word in (
        ("bo\u00ad@k.example", "ikke kan ses"),
        ("b o@k.example", "mellemrum"),
        ("bø@k.example", "Æ, ø og å"),
        ("b" * 65 + "@k.example", "64 tegn"),
        ("=?x?=@k.example", "=?"),
    ):
        with pytest.raises(ValueError, match=word.replace("?", r"\?")):
            mail_address(typed)
