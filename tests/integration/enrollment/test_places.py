"""Somebody on a standing team, or named by a member, passes their place on or leaves it by a link of their own."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.enrollment.adapters import links
from services.enrollment.adapters.links import Guest
from services.enrollment.domain.enrolment import enrolment_id
from services.enrollment.usecases.cancel_programme import cancel_programme
from services.enrollment.usecases.name_team_member import name_team_member
from services.enrollment.usecases.publish_programme import PublishProgramme, publish_programme
from services.enrollment.usecases.read_explanation import read_team_explanation
from services.enrollment.usecases.remove_team_member import remove_team_member
from services.enrollment.usecases.replace_team_member import replace_team_member
from services.enrollment.usecases.withdraw_enrolment import withdraw_enrolment
from shared.base.answers import Answer
from shared.base.cause import Cause
from shared.contracts.enrollment import (
    CancelProgramme,
    NameTeamMember,
    RemoveTeamMember,
    ReplaceTeamMember,
    TeamMemberNamed,
    TeamMemberRemoved,
    TeamMemberReplaced,
    WithdrawEnrolment,
)
from shared.contracts.refusal import Refused
from shared.contracts.scheduling import Meeting, MeetingFact, MeetingHeld, MeetingScheduled, When
from shared.storage.tx import Tx
from tests.integration.enrollment.test_team import DECLARED, ENROLMENT, NAMES, P4, chosen, has_meeting, naming
from tests.support.enrollment_desk import AARHUS, Desk, programme_text, sign_up
from tests.support.enrollment_web import Town
from tests.support.meeting_point import meet

FRIDA = {"name": "Frida", "email": "frida@k0751.example"}
FREEZES = chosen().replace("  reminder_days: [14, 2]\n", "  reminder_days: [14, 2]\n  swap_freeze_days: 7\n")
FROZEN = datetime(2021, 4, 8, 22, tzinfo=UTC)
"""00:00 in Denmark on the day after the last one on which a place is passed on before the meeting of 15 April."""
BEGUN = datetime(2021, 4, 14, 22, tzinfo=UTC)
P3 = "hvidovre-ungepartnerskab"
FIRMS = f"{P3}.virksomheder"
JUNE = When(first_day=date(2021, 6, 15), last_day=date(2021, 6, 15))
GONE = "I har ikke pladsen længere"


def typed(key: str = "k", **more: str) -> dict[str, str]:
    return {"_key": key * 32, **more}


async def on_team(desk: Desk, *names: str, file: str | None = None) -> dict[str, str]:
    """The paths of the places of P4's municipality's team, by name; told so far is forgotten."""
    await desk.ask(publish_programme, PublishProgramme(file=file or chosen()))
    (outcome,) = await desk.enrol(sign_up(AARHUS, programme_id=P4, answers=DECLARED))
    assert isinstance(outcome, Answer), outcome
    for name in names:
        await desk.ask(name_team_member, naming(name))
    return {one.person.name: one.place_path or "" for one in await desk.told() if isinstance(one, TeamMemberNamed)}


async def test_one_of_a_full_team_passes_the_place_on_by_a_link_of_their_own(town: Town) -> None:
    paths = await on_team(town.desk, *NAMES)
    await has_meeting(town.desk)
    for page in ("", "/skift", "/afmeld"):
        for _ in range(2):
            assert (await town.client.get(paths["Bo"] + page)).status_code == 200
    assert await town.desk.told() == []
    shown = (await town.client.get(paths["Bo"])).text
    assert "Startseminar" in shown
    assert "Torsdag den 15. april 2021" in shown
    assert "anna@k0751.example" not in shown

    answer = await town.client.post(f"{paths['Bo']}/skift", data=typed(**FRIDA))
    assert (answer.status_code, answer.headers["location"]) == (303, f"{paths['Bo']}?besked=skiftet")
    (replaced,) = await town.desk.told()
    assert isinstance(replaced, TeamMemberReplaced)
    assert (replaced.previous.name, replaced.person.name, replaced.size) == ("Bo", "Frida", 5)
    assert replaced.by_participant
    explained = (await town.desk.read(read_team_explanation, enrolment_id=ENROLMENT))["entries"]
    assert [one["name"] for one in explained[:5]] == ["Anna", "Frida", "Carl", "Dorte", "Erik"]
    assert (explained[1]["registered_by"], explained[1]["registered_by_text"]) == ("participant", "Bo")
    # The link is Frida's now, and no longer Bo's.
    done = await town.client.get(f"{paths['Bo']}?besked=skiftet")
    assert (done.status_code, "Pladsen er givet videre" in done.text) == (200, True)
    for page in ("", "/skift", "/afmeld"):
        gone = await town.client.get(paths["Bo"] + page)
        assert (gone.status_code, GONE in gone.text, "Frida" in gone.text) == (410, True, False)
    assert (await town.client.post(f"{paths['Bo']}/afmeld", data=typed("x"))).status_code == 410
    assert (await town.client.get(replaced.place_path or "")).status_code == 200
    assert replaced.own_path is not None
    assert f'href="{replaced.own_path}"' in (await town.client.get(replaced.place_path or "")).text


async def test_what_is_typed_wrongly_is_shown_again_and_a_colleague_on_the_team_is_not_put_on_it_twice(
    town: Town,
) -> None:
    paths = await on_team(town.desk, "Anna", "Bo")
    empty = await town.client.post(f"{paths['Bo']}/skift", data=typed("a"))
    assert empty.status_code == 422
    twice = await town.client.post(f"{paths['Bo']}/skift", data=typed("b", name="Anna", email="anna@k0751.example"))
    assert (twice.status_code, "er allerede på holdet" in twice.text) == (409, True)
    # Nobody is renamed by a colleague.
    named = typed("c", name="Skældsord", email="karen@k0751.example")
    assert (await town.client.post(f"{paths['Bo']}/skift", data=named)).status_code == 303
    known = await town.desk.pool.fetchval("SELECT name FROM people WHERE email = 'karen@k0751.example'")
    assert known == "Karen Kontakt"


async def test_one_leaves_and_named_again_has_another_link(town: Town) -> None:
    paths = await on_team(town.desk, *NAMES[:3])
    assert (await town.client.post(f"{paths['Anna']}/afmeld", data=typed())).status_code == 303
    (left,) = await town.desk.told()
    assert isinstance(left, TeamMemberRemoved)
    assert (left.person.name, left.size, left.by_participant) == ("Anna", 2, True)
    assert "I er meldt fra" in (await town.client.get(f"{paths['Anna']}?besked=afmeldt")).text
    await town.desk.ask(name_team_member, naming("Anna"))
    (again,) = await town.desk.told()
    assert isinstance(again, TeamMemberNamed)
    assert (await town.client.get(paths["Anna"])).status_code == 410
    assert (await town.client.get(again.place_path or "")).status_code == 200


async def test_a_link_ends_when_others_take_its_person_off_and_with_the_enrolment(town: Town) -> None:
    paths = await on_team(town.desk, *NAMES[:3])
    bo = await town.desk.pool.fetchval("SELECT person_id FROM people WHERE email = 'bo@k0751.example'")
    await town.desk.ask(remove_team_member, RemoveTeamMember(enrolment_id=ENROLMENT, person_id=bo))
    (removed,) = await town.desk.told()
    assert isinstance(removed, TeamMemberRemoved)
    assert not removed.by_participant
    assert (await town.client.get(paths["Bo"])).status_code == 410
    assert (await town.client.get(paths["Anna"])).status_code == 200
    await town.desk.ask(withdraw_enrolment, WithdrawEnrolment(enrolment_id=ENROLMENT))
    assert (await town.client.get(paths["Anna"])).status_code == 410
    for cut in (paths["Anna"][:-1], "/holdplads/x", f"/moedeplads/{paths['Anna'].rpartition('/')[2]}"):
        assert (await town.client.get(cut)).status_code == 404


async def test_places_are_not_passed_on_from_the_freeze_until_the_meeting_has_begun(town: Town) -> None:
    """The next meeting is frozen; they may be left all the time, and passed on again to those that come to the rest."""
    paths = await on_team(town.desk, *NAMES, file=FREEZES)
    await has_meeting(town.desk)
    await told(town.desk, MeetingScheduled, Meeting(id="m-2", key="t-1", title="Temamøde", kind="temamoede", when=JUNE))
    await town.move_to(FROZEN - timedelta(seconds=1))
    assert "til og med torsdag den 8. april 2021" in (await town.client.get(paths["Anna"])).text
    assert (await pass_on(town, paths["Anna"], "Gry")).status_code == 303
    await town.move_to(FROZEN)
    assert "Giv pladsen til en kollega" not in (await town.client.get(paths["Bo"])).text
    late = await pass_on(town, paths["Bo"], "Ida")
    assert (late.status_code, "kunne gives videre til og med den 8. april 2021" in late.text) == (409, True)
    assert (await town.client.post(f"{paths['Carl']}/afmeld", data=typed("c"))).status_code == 303
    # Staff, and the contact, may still do what they could.
    erik = await town.desk.pool.fetchval("SELECT person_id FROM people WHERE email = 'erik@k0751.example'")
    swap = ReplaceTeamMember(enrolment_id=ENROLMENT, person_id=erik, name="Kim", email="kim@k0751.example")
    await town.desk.ask(replace_team_member, swap)
    await town.move_to(BEGUN)
    assert (await pass_on(town, paths["Bo"], "Jan")).status_code == 303


async def test_nothing_is_passed_on_or_left_once_every_meeting_has_begun(town: Town) -> None:
    paths = await on_team(town.desk, *NAMES[:3])
    meeting = await has_meeting(town.desk)
    await town.move_to(BEGUN)
    shown = (await town.client.get(paths["Anna"])).text
    assert ("Pladsen kan ikke ændres længere" in shown, "Der er ingen møder forude" in shown) == (True, True)
    for act in (pass_on(town, paths["Anna"], "Gry"), town.client.post(f"{paths['Anna']}/afmeld", data=typed("x"))):
        refused = await act
        assert (refused.status_code, "Alle møderne er begyndt" in refused.text) == (409, True)
    await told(town.desk, MeetingHeld, meeting, held_on="2021-04-15")
    assert (await pass_on(town, paths["Anna"], "Ib")).status_code == 409


async def test_what_is_called_off_is_neither_passed_on_nor_left(town: Town) -> None:
    paths = await on_team(town.desk, *NAMES[:3])
    await town.desk.ask(cancel_programme, CancelProgramme(programme_id=P4, reason="For få tilmeldte."))
    shown = await town.client.get(paths["Anna"])
    assert "Giv pladsen" not in shown.text
    assert (await pass_on(town, paths["Anna"], "Gry")).status_code in {409, 410}


async def test_two_pass_the_same_place_on_at_once_and_one_has_it(desk: Desk) -> None:
    await on_team(desk, *NAMES)
    bo = await desk.pool.fetchval("SELECT person_id FROM people WHERE email = 'bo@k0751.example'")

    def to(name: str) -> Any:
        async def swap(tx: Tx) -> Answer:
            tx.cause = Cause("c", None, f"person/{bo}")
            wish = {"enrolment_id": ENROLMENT, "person_id": bo, "name": name, "email": f"{name.lower()}@k0751.example"}
            return await replace_team_member(tx, ReplaceTeamMember(**wish))

        return swap

    first, second = await meet(desk, to("Frida"), to("Gry"))
    assert isinstance(first, Answer)
    assert isinstance(second, Refused)
    assert second.code == "not_on_team"
    assert await desk.pool.fetchval("SELECT count(*) FROM team_members") == 5


async def test_a_contact_on_the_team_hears_of_nothing_it_does_itself(town: Town) -> None:
    paths = await on_team(town.desk)
    await town.desk.ask(name_team_member, naming("Karen"))
    (named,) = await town.desk.told()
    assert isinstance(named, TeamMemberNamed)
    assert paths == {}
    assert named.person.person_id == named.contact.person_id
    assert (await town.client.post(f"{named.place_path}/afmeld", data=typed())).status_code == 303
    (left,) = await town.desk.told()
    assert isinstance(left, TeamMemberRemoved)
    assert not left.by_participant


async def test_those_whom_a_member_named_have_a_link_too(town: Town) -> None:
    await town.desk.ask(publish_programme, PublishProgramme(file=programme_text(P3).replace("2013-", "2021-")))
    await town.desk.knows(FIRMS, main_email="kontor@virksomheder.example")
    for name in ("Anna", "Bo", "Carl", "Dorte"):
        email = f"{name.lower()}@virksomheder.example"
        await town.desk.ask(
            name_team_member, NameTeamMember(enrolment_id=enrolment_id(P3, FIRMS), name=name, email=email)
        )
    named = [one for one in await town.desk.told() if isinstance(one, TeamMemberNamed)]
    shown = await town.client.get(named[0].place_path or "")
    assert f'href="{named[0].own_path}"' in shown.text
    assert (shown.status_code, "Jeres plads på holdet" in shown.text) == (200, False)
    form = typed(name="Frida", email="frida@virksomheder.example")
    assert (await town.client.post(f"{named[0].place_path}/skift", data=form)).status_code == 303
    (replaced,) = await town.desk.told()
    assert isinstance(replaced, TeamMemberReplaced)
    assert (replaced.of_member, replaced.by_participant, replaced.size) == (True, True, 4)


async def test_the_link_ends_a_year_after_the_programme(town: Town) -> None:
    paths = await on_team(town.desk, "Anna")
    await has_meeting(town.desk)
    for days, status in ((365, 200), (2_400, 404)):
        await town.move_to(BEGUN + timedelta(days=days))
        assert (await town.client.get(paths["Anna"])).status_code == status, days


async def test_a_participants_link_opens_nothing_of_the_contacts(town: Town) -> None:
    paths = await on_team(town.desk, "Anna")
    token = paths["Anna"].rpartition("/")[2]
    for path in (f"/deltagere/{token}", f"/deltagere/{token}/hold", f"/plads/{token}"):
        assert (await town.client.get(path)).status_code == 404
    contact = await town.desk.pool.fetchval("SELECT contact ->> 'person_id' FROM enrolments")
    theirs = links.participants_path(town.desk.links, Guest(ENROLMENT, contact, None))
    assert (await town.client.get(f"/holdplads/{theirs.rpartition('/')[2]}")).status_code == 404


async def pass_on(town: Town, path: str, name: str) -> Any:
    form = typed(name[0].lower(), name=name, email=f"{name.lower()}@k0751.example")
    return await town.client.post(f"{path}/skift", data=form)


async def told(desk: Desk, kind: type[MeetingFact], meeting: Meeting, **more: Any) -> None:
    ref = json.loads(await desk.pool.fetchval("SELECT terms->>'ref' FROM programmes WHERE id = $1", P4))
    fact = {"owner": ref["meetings_owner"], "programme": ref, "meeting": meeting.model_dump(mode="json"), **more}
    await desk.hear(kind.model_validate_json(json.dumps(fact)))
