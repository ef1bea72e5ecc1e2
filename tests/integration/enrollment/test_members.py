"""Members are invited by name: they have a place at once, are written to at a mailbox, and name their own people."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from services.enrollment.adapters import organisations
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.cancel_programme import cancel_programme
from services.enrollment.usecases.change_contact import change_contact
from services.enrollment.usecases.import_addresses import ImportAddresses, import_addresses
from services.enrollment.usecases.invite_member import invite_member
from services.enrollment.usecases.invite_municipalities import invite_municipalities
from services.enrollment.usecases.name_team_member import name_team_member
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.put_organisation import PutOrganisation, put_organisation
from services.enrollment.usecases.read_enrolments import read_enrolment, read_enrolments
from services.enrollment.usecases.read_organisations import read_organisation, read_organisations
from services.enrollment.usecases.read_team import read_team
from services.enrollment.usecases.uninvite_member import uninvite_member
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer
from shared.contracts.enrollment import (
    CancelProgramme,
    ChangeContact,
    EnrolmentWithdrawn,
    InviteMember,
    InviteMunicipalities,
    MemberAdmitted,
    MemberInvited,
    MemberMailboxMissing,
    MemberUninvited,
    NameTeamMember,
    ProgrammeCancelled,
    ProgrammeChanged,
    ProgrammePublished,
    TeamFact,
    TeamReminderDue,
    UninviteMember,
    WithdrawEnrolment,
)
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting, MeetingCancelled, MeetingPlanned, MeetingScheduled, When
from shared.storage.tx import Tx, transaction
from tests.support.enrollment_desk import AARHUS, P1, Desk, programme_text, sign_up
from tests.support.enrollment_web import Town
from tests.support.meeting_point import FIRST, meet, meet_now

P3 = "hvidovre-ungepartnerskab"
JANUARY = datetime(2013, 1, 14, 9, tzinfo=UTC)
TEC, FIRMS, SOSU, COUNCIL = (f"{P3}.{one}" for one in ("tec", "virksomheder", "sosu", "beskaeftigelsesraad"))


def here(code: str) -> str:
    return enrolment_id(P3, code)


def naming(code: str, name: str) -> NameTeamMember:
    return NameTeamMember(enrolment_id=here(code), name=name, email=f"{name.lower()}@medlem.example")


def file(version: int = 2, *changes: tuple[str, str]) -> PublishProgramme:
    text = programme_text(P3).replace("version: 3", f"version: {version}")
    for old, new in changes:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return PublishProgramme(file=text)


async def published(desk: Desk, *mailboxes: str) -> None:
    """P3's members, of whom these have a mailbox; told so far is forgotten."""
    desk.time = JANUARY
    await desk.ask(publish_programme, file())
    for code in mailboxes:
        await desk.knows(code, main_email=f"kontor@{code.rpartition('.')[2]}.example")
    await desk.told()


async def has_meeting(
    desk: Desk,
    fact: type[MeetingPlanned | MeetingScheduled | MeetingCancelled] = MeetingPlanned,
    day: str | None = None,
) -> Meeting:
    ref = json.loads(await desk.pool.fetchval("SELECT terms->>'ref' FROM programmes WHERE id = $1", P3))
    when = When.model_validate_json(json.dumps({"first_day": day, "last_day": day})) if day else None
    meeting = Meeting(id="m-tema", key="temamoede-1", title="1. temamøde", kind="temamoede", when=when)
    told = {"owner": ref["meetings_owner"], "programme": ref, "meeting": meeting.model_dump(mode="json")}
    await desk.hear(fact.model_validate_json(json.dumps(told)))
    return meeting


async def test_whoever_is_named_in_the_file_has_a_place_at_once_and_is_no_municipality(desk: Desk) -> None:
    desk.time = JANUARY
    answer = await desk.ask(publish_programme, file())
    members = answer["members"]
    assert (len(members["admitted"]), members["mailbox_missing"], members["not_in_file"]) == (
        17,
        members["admitted"],
        [],
    )
    first, *facts = await desk.told()
    assert isinstance(first, ProgrammePublished)
    assert {type(one) for one in facts} == {MemberMailboxMissing}
    assert (
        sorted(one.organisation.code for one in facts if isinstance(one, MemberMailboxMissing)) == members["admitted"]
    )
    listed = (await desk.read(read_enrolments, programme_id=P3))["enrolments"]
    assert {(one["state"], one["contact"], one["member"]["mailbox_missing"]) for one in listed} == {
        ("enrolled", None, True)
    }
    assert {one["organisation"]["name"] for one in listed if one["member"]["ad_hoc"]} >= {"Folkeskolen", "SOSU-skolen"}
    assert (await desk.read(read_organisation, code=TEC))["member_of"] == P3
    # None of them is a municipality to anybody: in the address book, on forms, in invitations, by the API.
    book = [one["code"] for one in (await desk.read(read_organisations, limit="200"))["organisations"]]
    assert (len(book), TEC in book) == (98, False)
    own = (await desk.read(read_organisations, member_of=P3, limit="200"))["organisations"]
    assert sorted(one["code"] for one in own) == members["admitted"]
    async with desk.pool.acquire() as connection:
        kinds = await connection.fetch("SELECT kind, count(*) FROM organisations GROUP BY kind ORDER BY kind")
    assert [tuple(row) for row in kinds] == [("municipality", 98), ("other", 17)]
    await desk.ask(publish_programme, PublishProgramme(file=programme_text(P1)))
    (outcome,) = await desk.enrol(sign_up(TEC))
    assert isinstance(outcome, Refused)
    assert outcome.code == "unknown_organisation"
    asked = InviteMunicipalities(programme_id=P1, round_id="en", organisation_codes=(TEC,))
    assert (await desk.refusal(invite_municipalities, asked)).code == "unknown_organisation"
    (outcome,) = await desk.enrol(sign_up(AARHUS, programme_id=P3))
    assert isinstance(outcome, Refused)
    assert outcome.code == "invited_by_name"
    asked = InviteMunicipalities(programme_id=P3, round_id="en", organisation_codes=(AARHUS,))
    assert (await desk.refusal(invite_municipalities, asked)).code == "invited_by_name"
    assert await desk.pool.fetchval("SELECT count(*) FROM enrolments WHERE organisation_code = $1", AARHUS) == 0


async def test_the_same_file_again_admits_nobody_twice(desk: Desk) -> None:
    await published(desk, TEC)
    before = await desk.pool.fetch("SELECT * FROM enrolments ORDER BY id")
    answer = await desk.ask(publish_programme, file())
    assert (answer["outcome"], answer["members"]["admitted"]) == ("unchanged", [])
    assert TEC not in answer["members"]["mailbox_missing"]
    assert await desk.told() == []
    assert await desk.pool.fetch("SELECT * FROM enrolments ORDER BY id") == before
    assert await desk.pool.fetchval("SELECT taken FROM programmes") == 17


async def test_nobody_is_written_to_until_the_mailbox_is_known_and_staff_are_told_of_it_again(desk: Desk) -> None:
    await published(desk)
    assert (await desk.refusal(name_team_member, naming(TEC, "Anna"))).code == "mailbox_missing"
    desk.time = datetime(2013, 1, 28, 8, tzinfo=UTC)
    await desk.ring()
    told = await desk.told()
    # Those who may come to no meeting are not asked for again.
    assert {type(one) for one in told} == {MemberMailboxMissing}
    assert len(told) == 10
    await desk.knows(TEC, main_email="kontor@tec.example")
    (fact,) = await desk.told()
    assert isinstance(fact, MemberAdmitted)
    assert (fact.contact.name, fact.contact.email, fact.contact.role) == ("TEC", "kontor@tec.example", "sekretariat")
    assert (fact.inviter, fact.ad_hoc) == ("Borgmesteren", False)
    assert {(one.attendance, one.minimum, one.included) for one in fact.seats} == {("members", 1, 1)}
    assert (fact.participants_path or "").startswith("/deltagere/")
    # The same again tells nothing; another one is written to anew, and the former one's link ends.
    await desk.knows(TEC, main_email="kontor@tec.example")
    assert await desk.told() == []
    await desk.knows(TEC, main_email="post@tec.example")
    (again,) = await desk.told()
    assert isinstance(again, MemberAdmitted)
    assert again.contact.person_id != fact.contact.person_id
    gone = PutOrganisation(code=TEC)
    assert (await desk.refusal(put_organisation, gone)).code == "mailbox_missing"
    other = ChangeContact(enrolment_id=here(TEC), name="Bo", email="bo@tec.example")
    assert (await desk.refusal(change_contact, other)).code == "member_mailbox"
    # A fortnight later it has named nobody.
    desk.time += timedelta(days=15)
    await desk.ring()
    assert [one.organisation.code for one in await desk.told() if isinstance(one, TeamReminderDue)] == [TEC]


async def test_a_member_names_as_many_as_its_range_has_and_not_one_more(desk: Desk) -> None:
    await published(desk, FIRMS, SOSU)
    first = await desk.ask(name_team_member, naming(FIRMS, "Anna"))
    assert first["team"] == "1 navngivet; der mangler mindst 2 (3 til 4 personer)"
    for name in ("Bo", "Carl"):
        await desk.ask(name_team_member, naming(FIRMS, name))
    assert (await desk.read(read_team, enrolment_id=here(FIRMS)))["missing"] == 0
    assert (await desk.ask(name_team_member, naming(FIRMS, "Dorte")))["team"] == "4 navngivet (3 til 4 personer)"
    refused = await desk.refusal(name_team_member, naming(FIRMS, "Erik"))
    assert (refused.code, refused.detail, refused.extra) == (
        "team_full",
        "Alle pladser er taget: højst 4 personer. I kan skifte en af dem ud.",
        {},
    )
    await desk.ask(name_team_member, naming(SOSU, "Frida"))
    facts = [one for one in await desk.told() if isinstance(one, TeamFact)]
    assert {(one.organisation.code, one.kinds, one.of_member) for one in facts} == {
        (FIRMS, ("startworkshop", "temamoede"), True),
        (SOSU, (), True),
    }


async def test_whoever_is_named_at_the_mailbox_itself_keeps_their_name_whatever_the_mailbox_is(desk: Desk) -> None:
    await published(desk, TEC)
    at_the_mailbox = naming(TEC, "Anna").model_copy(update={"email": "kontor@tec.example"})
    named = await desk.ask(name_team_member, at_the_mailbox)
    # The spreadsheet says it as well.
    for mailbox in ("post@tec.example", "kontor@tec.example"):
        sheet = base64.b64encode(f"kommunekode;hovedpostkasse\n{TEC};{mailbox}\n".encode()).decode()
        imported = await desk.ask(import_addresses, ImportAddresses(content=sheet, dry_run=False))
        assert imported["changed"] == 1
    contacts = [one.contact for one in await desk.told() if isinstance(one, MemberAdmitted)]
    assert [(one.name, one.email) for one in contacts] == [("TEC", "post@tec.example"), ("TEC", "kontor@tec.example")]
    assert contacts[1].person_id == named["person_id"]
    team = await desk.read(read_team, enrolment_id=here(TEC))
    assert [(one["name"], one["email"]) for one in team["members"]] == [("Anna", "kontor@tec.example")]


async def test_an_ad_hoc_member_comes_to_the_meetings_that_staff_invite_it_to(desk: Desk) -> None:
    await published(desk, TEC, SOSU)
    meeting = await has_meeting(desk)
    asked, undone = (one(enrolment_id=here(SOSU), meeting_id=meeting.id) for one in (InviteMember, UninviteMember))
    assert await desk.ask(uninvite_member, undone) == {**undone.model_dump(), "changed": False}
    assert (await desk.ask(invite_member, asked))["changed"] is True
    assert (await desk.ask(invite_member, asked))["changed"] is False
    (fact,) = await desk.told()
    assert isinstance(fact, MemberInvited)
    assert (fact.meeting.id, fact.contact.email, fact.subject) == (
        meeting.id,
        "kontor@sosu.example",
        f"enrolment/{here(SOSU)}",
    )
    assert (await desk.read(read_enrolment, enrolment_id=here(SOSU)))["invited_to"] == [meeting.id]
    assert (await desk.ask(uninvite_member, undone))["changed"] is True
    (fact,) = await desk.told()
    assert isinstance(fact, MemberUninvited)

    async def why(code: str, meeting_id: str = meeting.id) -> str:
        wish = InviteMember(enrolment_id=here(code), meeting_id=meeting_id)
        return (await desk.refusal(invite_member, wish)).code

    assert await why(TEC) == "not_ad_hoc"
    assert await why(f"{P3}.cph-west") == "mailbox_missing"
    assert await why(SOSU, "m-unknown") == "unknown_meeting"
    await has_meeting(desk, MeetingScheduled, "2013-04-10")
    desk.time = datetime(2013, 4, 10, 8, tzinfo=UTC)
    assert await why(SOSU) == "meeting_begun"
    await has_meeting(desk, MeetingCancelled, "2013-04-10")
    assert await why(SOSU) == "meeting_cancelled"
    assert await desk.told() == []


async def test_a_later_version_changes_what_is_said_of_a_member_and_drops_nobody(desk: Desk) -> None:
    await published(desk, FIRMS, COUNCIL, TEC)
    for name in ("Anna", "Bo", "Carl", "Dorte"):
        await desk.ask(name_team_member, naming(FIRMS, name))
    await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=here(TEC)))
    await desk.told()
    changes = (
        ("title: Lokale virksomheder, seats: 3, seats_most: 4", "title: Byens virksomheder, seats: 2"),
        ("title: Det lokale beskæftigelsesråd, ad_hoc: true", "title: Det lokale beskæftigelsesråd"),
        ("    - {id: ungeindsats, title: Ungeindsatsen}\n", "    - {id: biblioteket, title: Biblioteket}\n"),
    )
    answer = await desk.ask(publish_programme, file(3, *changes))
    assert answer["members"]["admitted"] == [f"{P3}.biblioteket"]
    assert answer["members"]["not_in_file"] == [f"{P3}.ungeindsats"]
    published_again, *facts = await desk.told()
    assert isinstance(published_again, ProgrammeChanged)
    changed = {one.organisation.code: one for one in facts if isinstance(one, MemberAdmitted)}
    assert set(changed) == {FIRMS, COUNCIL}
    assert changed[COUNCIL].ad_hoc is False
    # Nobody who is named is turned away; once they are fewer the smaller number holds.
    assert (changed[FIRMS].organisation.name, {one.included for one in changed[FIRMS].seats}) == (
        "Byens virksomheder",
        {4},
    )
    assert [one.organisation.code for one in facts if isinstance(one, MemberMailboxMissing)] == [f"{P3}.biblioteket"]
    states = {
        one["organisation"]["code"]: one["state"]
        for one in (await desk.read(read_enrolments, limit="50"))["enrolments"]
    }
    assert (states[TEC], states[f"{P3}.ungeindsats"], len(states)) == ("withdrawn", "enrolled", 18)


async def test_a_member_that_nobody_was_told_of_leaves_without_a_word_and_one_that_was_with_one(desk: Desk) -> None:
    await published(desk, TEC)
    for code in (TEC, SOSU):
        await desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=here(code)))
    assert [(type(one), one.organisation.code) for one in await desk.told() if isinstance(one, EnrolmentWithdrawn)] == [
        (EnrolmentWithdrawn, TEC)
    ]
    assert await desk.pool.fetchval("SELECT taken FROM programmes") == 15
    # Its mailbox comes too late.
    await desk.knows(SOSU, main_email="kontor@sosu.example")
    assert await desk.told() == []


@pytest.mark.parametrize(
    "wrong",
    [
        "UPDATE organisations SET member_of = NULL, kind = 'municipality' WHERE member_of IS NOT NULL",
        "UPDATE organisations SET kind = 'municipality' WHERE member_of IS NOT NULL",
        f"UPDATE organisations SET member_of = '{P3}' WHERE code = '0751'",
        "UPDATE enrolments SET ad_hoc = NULL",
        "UPDATE enrolments SET received_at = NULL",
    ],
)
async def test_the_database_keeps_no_member_that_cannot_be(desk: Desk, wrong: str) -> None:
    await published(desk)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await desk.pool.execute(wrong)


async def test_two_who_invite_the_same_member_at_once_invite_it_once(desk: Desk) -> None:
    await published(desk, SOSU)
    meeting = await has_meeting(desk)

    def call(tx: Tx) -> Any:
        return invite_member(tx, InviteMember(enrolment_id=here(SOSU), meeting_id=meeting.id))

    first, second = await meet(desk, call, call)
    assert isinstance(second, Answer)
    assert (first.body["changed"], second.body["changed"]) == (True, False)
    assert [type(one) for one in await desk.told()] == [MemberInvited]


@pytest.mark.parametrize("file_first", [True, False])
async def test_a_mailbox_and_a_new_version_at_the_same_moment_both_hold(desk: Desk, *, file_first: bool) -> None:
    await published(desk)

    def publish(tx: Tx) -> Any:
        return publish_programme(tx, file(3, ("title: TEC}", "title: TEC Hvidovre}")))

    def write(tx: Tx) -> Any:
        return put_organisation(tx, PutOrganisation(code=TEC, main_email="kontor@tec.example"))

    first, second = await meet(desk, *((publish, write) if file_first else (write, publish)))
    assert isinstance(first, Answer)
    assert isinstance(second, Answer)
    last = [one for one in await desk.told() if isinstance(one, MemberAdmitted)][-1]
    assert (last.organisation.name, last.contact.name, last.contact.email) == (
        "TEC Hvidovre",
        "TEC Hvidovre",
        "kontor@tec.example",
    )


async def test_whoever_writes_a_mailbox_down_and_whoever_publishes_take_their_locks_in_one_order(desk: Desk) -> None:
    await published(desk)

    def publish(tx: Tx) -> Any:
        return publish_programme(tx, file(3, ("title: TEC}", "title: TEC Hvidovre}")))

    async with transaction(desk.pool, desk, desk.source, FIRST, desk.links) as tx:
        # So far the mailbox's entry is held, and nothing else; the file comes in between.
        await organisations.lock(tx, TEC)
        other = await meet_now(desk, publish)
        await put_organisation(tx, PutOrganisation(code=TEC, main_email="kontor@tec.example"))
    assert isinstance(await other, Answer)
    last = [one for one in await desk.told() if isinstance(one, MemberAdmitted)][-1]
    assert (last.organisation.name, last.contact.email) == ("TEC Hvidovre", "kontor@tec.example")


OFF = CancelProgramme(programme_id=P3, reason="For få.")


@pytest.mark.parametrize("by_sheet", [True, False])
@pytest.mark.parametrize("written_first", [True, False])
async def test_a_mailbox_that_is_written_down_while_the_programme_is_called_off_comes_before_or_admits_nobody(
    desk: Desk, *, written_first: bool, by_sheet: bool
) -> None:
    await published(desk)
    sheet = base64.b64encode(f"kommunekode;hovedpostkasse\n{TEC};kontor@tec.example\n".encode()).decode()
    done: list[str] = []

    async def write(tx: Tx) -> Any:
        if by_sheet:
            answer = await import_addresses(tx, ImportAddresses(content=sheet, dry_run=False))
        else:
            answer = await put_organisation(tx, PutOrganisation(code=TEC, main_email="kontor@tec.example"))
        done.append("written")
        return answer

    async def cancel(tx: Tx) -> Any:
        answer = await cancel_programme(tx, OFF)
        # Whoever wrote before has been waited for: the mailbox is there.
        count = "SELECT count(*) FROM organisations WHERE code = $1 AND main_email IS NOT NULL"
        done.append(f"cancelled with {await desk.pool.fetchval(count, TEC)}")
        return answer

    await meet(desk, *((write, cancel) if written_first else (cancel, write)))
    told = [type(one) for one in await desk.told()]
    if written_first:
        assert done == ["written", "cancelled with 1"]
        assert told == [MemberAdmitted, ProgrammeCancelled]
    else:
        # The address book says it all the same: it is no part of the programme.
        assert done == ["cancelled with 0", "written"]
        assert told == [ProgrammeCancelled]
    assert (await desk.read(read_organisation, code=TEC))["main_email"] == "kontor@tec.example"


@pytest.mark.parametrize("called_first", [True, False])
async def test_a_member_that_is_invited_while_the_programme_is_called_off_comes_before_or_is_refused(
    desk: Desk, *, called_first: bool
) -> None:
    await published(desk, SOSU)
    meeting = await has_meeting(desk)

    def call(tx: Tx) -> Any:
        return invite_member(tx, InviteMember(enrolment_id=here(SOSU), meeting_id=meeting.id))

    def cancel(tx: Tx) -> Any:
        return cancel_programme(tx, OFF)

    _, second = await meet(desk, *((call, cancel) if called_first else (cancel, call)))
    told = [type(one) for one in await desk.told()]
    if called_first:
        assert told == [MemberInvited, ProgrammeCancelled]
    else:
        assert isinstance(second, Refused)
        assert (second.code, told) == ("programme_cancelled", [ProgrammeCancelled])


@pytest.mark.parametrize("off_first", [True, False])
async def test_a_member_is_taken_off_a_meeting_while_and_after_the_programme_is_called_off(
    desk: Desk, *, off_first: bool
) -> None:
    """Nothing begins by that."""
    await published(desk, SOSU)
    meeting = await has_meeting(desk)
    both = {"enrolment_id": here(SOSU), "meeting_id": meeting.id}
    await desk.ask(invite_member, InviteMember(**both))
    await desk.told()

    def uninvite(tx: Tx) -> Any:
        return uninvite_member(tx, UninviteMember(**both))

    def cancel(tx: Tx) -> Any:
        return cancel_programme(tx, OFF)

    _, second = await meet(desk, *((cancel, uninvite) if off_first else (uninvite, cancel)))
    assert isinstance(second, Answer)
    assert {type(one) for one in await desk.told()} == {MemberUninvited, ProgrammeCancelled}
    assert (await desk.read(read_enrolment, enrolment_id=here(SOSU)))["invited_to"] == []
    assert (await desk.ask(uninvite_member, UninviteMember(**both)))["changed"] is False


async def test_a_member_names_its_people_on_its_own_page(town: Town) -> None:
    desk = town.desk
    await desk.ask(publish_programme, file(2, ("ends: 2013-09", "ends: 2020-12")))
    for code in (FIRMS, SOSU):
        mailbox = f"kontor@{code.rpartition('.')[2]}.example"
        put = await town.api("PUT", f"/organisations/{code}", {"main_email": mailbox})
        assert put.status_code == 200, put.text
    firms, sosu = (one.participants_path or "" for one in await desk.told() if isinstance(one, MemberAdmitted))
    meeting = await has_meeting(desk)
    page = (await town.client.get(firms)).text
    assert "Hvem kommer fra Lokale virksomheder?" in page
    assert "1. temamøde" in page
    assert "Dem, I navngiver, inviteres" in page
    said = re.sub(r'href="[^"]*"', "", page.partition("<main")[2].partition("</main>")[0])
    assert not re.search("kommune|holdet|Skift sekretariat", said), said
    # Whoever comes to single meetings sees those that it is invited to.
    assert "1. temamøde" not in (await town.client.get(sosu)).text
    called = await town.api("PUT", f"/enrolments/{here(SOSU)}/meetings/{meeting.id}/invitation")
    assert (called.status_code, called.json()["changed"]) == (200, True)
    assert "1. temamøde" in (await town.client.get(sosu)).text
    shown = (await town.client.get(f"{firms}/hold")).text
    assert "Der er plads til 3-4 personer." in shown
    form = {"_key": "a" * 32, "name": "Anna", "email": "anna@firma.example"}
    assert (await town.client.post(f"{firms}/hold", data=form)).status_code == 303
    assert "1 navngivet; der mangler mindst 2 (3 til 4 personer)" in (await town.client.get(f"{firms}/hold")).text
    off = await town.api("DELETE", f"/enrolments/{here(SOSU)}/meetings/{meeting.id}/invitation")
    assert (off.status_code, off.json()["changed"]) == (200, True)
