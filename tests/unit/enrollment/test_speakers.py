"""Which addresses speak for an organisation, and which are never taken for one that does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.enrollment.domain.address_book import Entry, rewritten, vouched_for
from services.enrollment.domain.speakers import PUBLIC_DOMAINS, domain_key, require_domain, speaks
from shared.contracts.parties import Billing, Organisation
from shared.contracts.refusal import Refused

AARHUS = Entry(
    Organisation(code="0751", name="Aarhus Kommune"),
    main_email="Post@aarhus.example",
    roles={"ungechef": "ungechef@ung.example"},
    mailboxes=frozenset({"karen@elsewhere.example"}),
    domains=frozenset({"aarhus.example", "xn--rhus-poa.example"}),
)


@pytest.mark.parametrize(
    "email",
    [
        "post@AARHUS.example",
        "UngeChef@ung.example",
        "karen@elsewhere.EXAMPLE",
        "anybody.at.all@aarhus.example",
        "bo@XN--RHUS-POA.example",
    ],
)
def test_its_own_mailboxes_and_domains_speak_for_it(email: str) -> None:
    assert AARHUS.knows(email)


@pytest.mark.parametrize(
    "email",
    [
        "bo@not-aarhus.example",
        "bo@aarhus.example.evil.example",
        "bo@sub.aarhus.example",
        "bo@example",
        "bo@xaarhus.example",
        "aarhus.example@evil.example",
        "post@aarhus.example@evil.example",
        "bo@ung.example",
        "karen+x@elsewhere.example",
        "bo@elsewhere.example",
        "",
    ],
)
def test_nothing_else_does(email: str) -> None:
    assert not AARHUS.knows(email)


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("Aarhus.Example", "aarhus.example"),
        ("@aarhus.example", "aarhus.example"),
        ("Århus.example", "xn--rhus-poa.example"),
        ("A\u030arhus.example", "xn--rhus-poa.example"),
        (" aarhus.example ", "aarhus.example"),
        ("dk", None),
        ("", None),
        ("aarhus.example.", None),
        (".example", None),
        ("*.aarhus.example", None),
        ("aarhus .example", None),
        ("bo@aarhus.example", None),
        ("a" * 64 + ".example", None),
    ],
)
def test_a_domain_has_one_key_however_it_is_written(typed: str, key: str | None) -> None:
    assert domain_key(typed) == key


@pytest.mark.parametrize("domain", sorted(PUBLIC_DOMAINS)[::9])
def test_a_domain_where_anybody_gets_a_mailbox_is_nobodys_whoever_says_so(domain: str) -> None:
    with pytest.raises(Refused, match="public_domain"):
        require_domain(domain.upper(), "domains")
    with pytest.raises(Refused, match="public_domain"):
        vouched_for(AARHUS, f"karen@{domain}", whole_domain=True)
    with pytest.raises(Refused, match="public_domain"):
        rewritten(AARHUS, None, {}, Billing(), domains=[domain])
    assert not speaks(f"karen@{domain}", (), {domain})
    learnt = vouched_for(AARHUS, f"Karen@{domain}", whole_domain=False).after
    assert learnt.mailboxes - AARHUS.mailboxes == {f"karen@{domain}"}
    assert learnt.knows(f"karen@{domain}")
    assert not learnt.knows(f"bo@{domain}")


def test_learning_an_address_learns_the_mailbox_and_the_domain_only_where_it_is_said() -> None:
    none = replace(AARHUS, mailboxes=frozenset(), domains=frozenset())
    assert vouched_for(none, "Bo@other.example", whole_domain=False).after == replace(
        none, mailboxes=frozenset({"bo@other.example"})
    )
    assert vouched_for(none, "Bo@other.example", whole_domain=True).after.domains == {"other.example"}
    assert vouched_for(AARHUS, "karen@elsewhere.example", whole_domain=False).after == AARHUS
    with pytest.raises(Refused, match="unknown_organisation"):
        vouched_for(None, "bo@other.example", whole_domain=False)
    with pytest.raises(Refused, match="invalid_email"):
        vouched_for(AARHUS, "bo", whole_domain=False)


def test_an_entry_that_is_written_anew_keeps_who_speaks_unless_that_is_said() -> None:
    silent = rewritten(AARHUS, None, {}, Billing()).after
    assert (silent.mailboxes, silent.domains) == (AARHUS.mailboxes, AARHUS.domains)
    said = rewritten(AARHUS, None, {}, Billing(), mailboxes=["Ny@a.example"], domains=[]).after
    assert (said.mailboxes, said.domains) == ({"ny@a.example"}, set())
