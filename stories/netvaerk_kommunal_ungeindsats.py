"""The two years of `netvaerk-kommunal-ungeindsats`, written from a seed: the demo.

`telling` yields steps as a story file holds them, in the order of time, and is sent what each was answered. What is
drawn is drawn in that order, so that the same seed tells the same story.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import partial
from random import Random
from typing import Any

from deploy.local.demo.people import Named, People
from deploy.local.stories.player import Telling
from deploy.local.stories.programmes import municipalities
from deploy.local.stories.story import Publication, Story
from shared.contracts.time import local

PROGRAMME = "netvaerk-kommunal-ungeindsats"
SEED = 2020
END = local(date(2022, 12, 1), time(9))
STORY = Story(
    story="To år med Netværk om den kommunale ungeindsats",
    clock=local(date(2020, 6, 1), time(8)),
    until=END,
    programmes=[Publication(file=PROGRAMME, at=local(date(2020, 6, 2), time(9)))],
)
MUNICIPALITIES = 46
BY_FORM = 4
SIGN_UP_DAYS = (
    *(date(2020, 6, 17), date(2020, 6, 22), date(2020, 6, 25), date(2020, 7, 1), date(2020, 8, 5), date(2020, 8, 11)),
    *(date(2020, 8, 14), date(2020, 8, 18), date(2020, 8, 20), date(2020, 8, 21)),
)
ATTENDS = 0.6
SEATS = (1, 2, 3, 4, 5)
SEATS_WEIGHTS = (3, 4, 6, 2, 1)
INCLUDED = 3
PAY_IN_TIME = 0.9

Step = dict[str, Any]
Scene = Generator[Step, Any, None]


@dataclass(frozen=True, slots=True)
class Plan:
    """How one meeting's life goes. `said` is the day its date is set; a meeting with `clock_later` first gets a day."""

    key: str
    day: date
    said: date
    place: str = ""
    link: str = ""
    starts: str = "09:30"
    ends: str = "15:30"
    clock_later: date | None = None
    moved: tuple[date, date] | None = None
    """(when it is moved, to which day)."""
    cancelled: date | None = None


_LINK = "https://moede.kl.example"
PLANS = (
    Plan("vest-heldag-1", date(2020, 11, 12), date(2020, 9, 10), "Mødehuset, Horsens", clock_later=date(2020, 10, 1)),
    Plan("oest-heldag-1", date(2020, 11, 17), date(2020, 9, 10), "Mødehuset, København"),
    Plan("vest-digital-1", date(2021, 2, 4), date(2020, 11, 26), link=f"{_LINK}/v1", starts="09:00", ends="11:30"),
    Plan("oest-digital-1", date(2021, 2, 9), date(2020, 11, 26), link=f"{_LINK}/o1", starts="09:00", ends="11:30"),
    Plan(
        *("vest-heldag-2", date(2021, 4, 15), date(2021, 1, 21), "Mødehuset, Viborg"),
        moved=(date(2021, 3, 25), date(2021, 5, 6)),
    ),
    Plan("oest-heldag-2", date(2021, 4, 20), date(2021, 1, 21), "Mødehuset, Roskilde"),
    Plan("vest-digital-2", date(2021, 9, 2), date(2021, 6, 10), link=f"{_LINK}/v2", starts="09:00", ends="11:30"),
    Plan(
        *("oest-digital-2", date(2021, 9, 7), date(2021, 6, 10)),
        link=f"{_LINK}/o2", starts="09:00", ends="11:30", cancelled=date(2021, 8, 26),
    ),
    Plan("vest-heldag-3", date(2021, 11, 11), date(2021, 9, 9), "Mødehuset, Aalborg"),
    Plan("oest-heldag-3", date(2021, 11, 16), date(2021, 9, 9), "Mødehuset, Næstved"),
    Plan("vest-digital-3", date(2022, 2, 3), date(2021, 11, 25), link=f"{_LINK}/v3", starts="09:00", ends="11:30"),
    Plan("oest-digital-3", date(2022, 2, 8), date(2021, 11, 25), link=f"{_LINK}/o3", starts="09:00", ends="11:30"),
    Plan("vest-heldag-4", date(2022, 5, 5), date(2022, 2, 24), "Mødehuset, Odense"),
    Plan("oest-heldag-4", date(2022, 5, 10), date(2022, 2, 24), "Mødehuset, Køge"),
    Plan("vest-digital-4", date(2022, 9, 1), date(2022, 6, 9), link=f"{_LINK}/v4", starts="09:00", ends="11:30"),
    Plan("oest-digital-4", date(2022, 9, 6), date(2022, 6, 9), link=f"{_LINK}/o4", starts="09:00", ends="11:30"),
)  # fmt: skip


@dataclass(slots=True)
class Enrolled:
    """A municipality that has a place."""

    enrolment_id: str
    code: str
    name: str
    group: str


def telling() -> Telling:
    """The demo's, from its seed."""
    return Teller(SEED).tell()


class Teller:
    """Draws what happens from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311  (an invented story, nothing secret)
        self._people = People(self._random)
        self._book = municipalities()
        self._enrolled: dict[str, Enrolled] = {}
        self._registered: dict[str, dict[str, list[str]]] = {}
        """By meeting and enrolment: what each participant's answer is called, in the order of their seats."""
        self._signing_up = self._random.sample(self._book, MUNICIPALITIES)

    def tell(self) -> Telling:
        for at, scene in self._scenes():
            steps = scene(at)
            answer: Any = None
            while True:
                try:
                    step = steps.send(answer)
                except StopIteration:
                    break
                answer = yield {"at": at, **step}

    def _scenes(self) -> list[tuple[datetime, Callable[[datetime], Scene]]]:
        scenes: list[tuple[datetime, Callable[[datetime], Scene]]] = [
            *self._sign_ups(),
            (local(date(2020, 8, 22), time(10)), self._come_too_late),
            (local(date(2020, 8, 25), time(10)), self._change_group),
            (local(date(2020, 8, 27), time(10)), self._withdraw),
            (local(date(2020, 9, 14), time(10)), self._credit_a_part),
        ]
        for plan in PLANS:
            scenes += self._life_of(plan)
        for year, month in ((year, month) for year in (2020, 2021, 2022) for month in range(1, 13)):
            if date(2020, 9, 1) < date(year, month, 24) < END.date():
                scenes.append((local(date(year, month, 24), time(11)), self._pay_most))
            if date(2020, 10, 1) < date(year, month, 9) < END.date():
                scenes.append((local(date(year, month, 9), time(11)), self._pay_the_rest))
        return sorted(scenes, key=lambda scene: scene[0])

    # Before the programme starts

    def _sign_ups(self) -> list[tuple[datetime, Callable[[datetime], Scene]]]:
        by_api = self._signing_up[BY_FORM:]
        scenes: list[tuple[datetime, Callable[[datetime], Scene]]] = [
            (local(day, time(9, 30)), partial(self._sign_up, by_api[number :: len(SIGN_UP_DAYS)]))
            for number, day in enumerate(SIGN_UP_DAYS)
        ]
        return [*scenes, (local(SIGN_UP_DAYS[2], time(13)), self._sign_up_by_form)]

    def _sign_up(self, some: list[Mapping[str, str]], _at: datetime) -> Scene:
        answers = yield {"together": [self._enrol(one, self._people.one_of(one["name"])) for one in some]}
        for one, answer in zip(some, answers, strict=True):
            self._has_a_place(one, answer)

    def _enrol(self, one: Mapping[str, str], contact: Named) -> Step:
        return {
            "by": f"{one['name']} Kommune",
            "command": "tovholder.enrollment.EnrolMunicipality.v1",
            "data": {
                "programme_id": PROGRAMME,
                "organisation_code": one["code"],
                "contact_name": contact.name,
                "contact_email": contact.email,
                "billing": {"order_reference": f"UNGE-{one['code']}"},
            },
        }

    def _has_a_place(self, one: Mapping[str, str], answer: Mapping[str, Any]) -> None:
        place = Enrolled(answer["enrolment_id"], one["code"], one["name"], answer["group"])
        self._enrolled[one["code"]] = place

    def _sign_up_by_form(self, _at: datetime) -> Scene:
        """All but the last press the link that is mailed to them; the last one is still waiting today."""
        some = [(one, self._people.one_of(one["name"])) for one in self._signing_up[:BY_FORM]]
        yield {"together": [self._fill_in(one, contact) for one, contact in some]}
        pressed = [
            {"by": contact.name, "link": {"to": contact.email, "path": "/tilmeld/bekraeft"}, "form": {}}
            for _, contact in some[:-1]
        ]
        yield {"together": pressed}
        found = yield {"call": f"GET /api/enrollment/enrolments?programme_id={PROGRAMME}"}
        by_code = {one["organisation"]["code"]: one for one in found["enrolments"]}
        for one, _ in some[:-1]:
            self._has_a_place(one, by_code[one["code"]])

    def _fill_in(self, one: Mapping[str, str], contact: Named) -> Step:
        form = {"organisation_code": one["code"], "contact_name": contact.name, "contact_email": contact.email}
        return {"by": contact.name, "link": f"/tilmeld/{PROGRAMME}", "form": form}

    def _come_too_late(self, _at: datetime) -> Scene:
        late = next(one for one in self._book if one not in self._signing_up)
        yield {**self._enrol(late, self._people.one_of(late["name"])), "refused": "deadline_passed"}

    def _change_group(self, _at: datetime) -> Scene:
        """A municipality in the west prefers the meetings in the east."""
        one = next(enrolled for enrolled in self._enrolled.values() if enrolled.group == "vest")
        data = {"enrolment_id": one.enrolment_id, "group": "oest"}
        yield {"command": "tovholder.enrollment.ChangeGroup.v1", "data": data}
        one.group = "oest"

    def _withdraw(self, _at: datetime) -> Scene:
        _, one = self._enrolled.popitem()
        data = {"enrolment_id": one.enrolment_id, "reason": "Kommunen har fået andre opgaver."}
        yield {"by": f"{one.name} Kommune", "command": "tovholder.enrollment.WithdrawEnrolment.v1", "data": data}

    # Meetings and their people

    def _life_of(self, plan: Plan) -> list[tuple[datetime, Callable[[datetime], Scene]]]:
        timed = partial(self._set_date, plan, plan.day, timed=True)
        dated = partial(self._set_date, plan, plan.day, timed=not plan.clock_later)
        scenes: list[tuple[datetime, Callable[[datetime], Scene]]] = [(local(plan.said, time(10)), dated)]
        if plan.clock_later:
            scenes.append((local(plan.clock_later, time(10)), timed))
        if plan.moved:
            moved_on, new_day = plan.moved
            scenes.append((local(moved_on, time(10)), partial(self._set_date, plan, new_day, timed=True)))
        if plan.cancelled:
            scenes.append((local(plan.cancelled, time(10)), partial(self._cancel, plan)))
        opens = date.fromordinal(plan.day.toordinal() - 30)
        scenes.append((local(opens, time(11)), partial(self._register, plan)))
        last = date.fromordinal(plan.day.toordinal() - 16)
        scenes.append((local(last, time(14)), partial(self._change_people, plan)))
        return scenes

    def _set_date(self, plan: Plan, day: date, _at: datetime, *, timed: bool) -> Scene:
        data: Step = {"meeting_id": {"meeting": plan.key}, "day": day.isoformat()}
        if timed:
            data |= {"starts": plan.starts, "ends": plan.ends}
        if plan.place:
            data["place"] = plan.place
        if plan.link:
            data["link"] = plan.link
        yield {"command": "tovholder.scheduling.SetMeetingDate.v1", "data": data}

    def _cancel(self, plan: Plan, _at: datetime) -> Scene:
        data = {"meeting_id": {"meeting": plan.key}, "reason": "Oplægsholderen er blevet forhindret."}
        yield {"command": "tovholder.scheduling.CancelMeeting.v1", "data": data}

    def _register(self, plan: Plan, _at: datetime) -> Scene:
        group = plan.key.split("-")[0]
        coming = [
            (one, [self._people.one_of(one.name) for _ in range(self._random.choices(SEATS, SEATS_WEIGHTS)[0])])
            for one in self._enrolled.values()
            if one.group == group and self._random.random() < ATTENDS
        ]
        yield {"together": [{"steps": self._register_those_of(plan, one, people)} for one, people in coming]}

    def _register_those_of(self, plan: Plan, one: Enrolled, people: list[Named]) -> list[Step]:
        steps: list[Step] = []
        names = self._registered.setdefault(plan.key, {}).setdefault(one.enrolment_id, [])
        for number, person in enumerate(people, start=1):
            name = f"{plan.key}-{one.code}-{number}"
            data: Step = {**self._seat(plan, one.enrolment_id), "name": person.name, "email": person.email}
            register: Step = {"command": "tovholder.enrollment.RegisterParticipant.v1", "data": data}
            if number > INCLUDED:
                # The price is shown, and then it is accepted.
                steps.append({**register, "refused": "extra_price_not_accepted", "as": f"{name}-pris"})
                data = {**data, "accepted_price_ore": f"{{{name}-pris.price_ore}}"}
            steps.append({**register, "data": data, "as": name})
            names.append(name)
        return steps

    @staticmethod
    def _seat(plan: Plan, enrolment_id: str) -> Step:
        return {"enrolment_id": enrolment_id, "meeting_id": {"meeting": plan.key}}

    def _change_people(self, plan: Plan, _at: datetime) -> Scene:
        """One municipality with extra participants cancels its first one (an extra moves in); another one swaps."""
        rosters = sorted(self._registered[plan.key].items())
        with_extras = [(enrolment, people) for enrolment, people in rosters if len(people) > INCLUDED]
        if with_extras:
            enrolment, people = with_extras[0]
            gone = {**self._seat(plan, enrolment), "person_id": f"{{{people.pop(0)}.person_id}}"}
            yield {"command": "tovholder.enrollment.CancelParticipant.v1", "data": gone}
        others = [(enrolment, people) for enrolment, people in rosters if len(people) <= INCLUDED]
        if others:
            enrolment, people = others[0]
            name = next(one.name for one in self._enrolled.values() if one.enrolment_id == enrolment)
            new = self._people.one_of(name)
            who = {"person_id": f"{{{people[0]}.person_id}}", "name": new.name, "email": new.email}
            people[0] = f"{people[0]}-ny"
            yield {
                "command": "tovholder.enrollment.ReplaceParticipant.v1",
                "data": {**self._seat(plan, enrolment), **who},
                "as": people[0],
            }

    # Money

    def _credit_a_part(self, _at: datetime) -> Scene:
        """A municipality that could not come before the new year has a quarter of its fee credited."""
        invoices = (yield {"call": f"GET /api/invoicing/invoices?programme_id={PROGRAMME}"})["invoices"]
        invoice = yield {"call": f"GET /api/invoicing/invoices/{invoices[0]['id']}"}
        (line,) = invoice["lines"]
        yield {
            "command": "tovholder.invoicing.CreditInvoice.v1",
            "data": {
                "invoice_id": invoice["id"],
                "credit_id": "aftale-2020-1",
                "reason": "Aftalt: Kommunen deltager først fra 2021, og en fjerdedel af gebyret krediteres.",
                "lines": [{"claim_id": line["claim_id"], "net_ore": line["net_ore"] // 4}],
            },
        }

    def _pay_most(self, at: datetime) -> Scene:
        """Nine of ten pay before the due date; the others are reminded first."""
        outstanding = yield from self._outstanding()
        yield from self._pay([one for one in outstanding if self._random.random() < PAY_IN_TIME], at)

    def _pay_the_rest(self, at: datetime) -> Scene:
        outstanding = yield from self._outstanding()
        yield from self._pay(outstanding, at)

    def _outstanding(self) -> Generator[Step, Any, list[dict[str, Any]]]:
        found = (yield {"call": f"GET /api/invoicing/invoices?programme_id={PROGRAMME}"})["invoices"]
        return sorted((one for one in found if one["outstanding_ore"] > 0), key=lambda one: str(one["id"]))

    def _pay(self, invoices: list[dict[str, Any]], at: datetime) -> Scene:
        payments = [
            {
                "command": "tovholder.invoicing.RegisterPayment.v1",
                "data": {
                    "invoice_id": one["id"],
                    "payment_id": f"bank-{one['id']}",
                    "amount_ore": one["outstanding_ore"],
                    "paid_on": at.date().isoformat(),
                },
            }
            for one in invoices
        ]
        if payments:
            yield {"together": payments}
