"""The contact gives a secretary access to its pages, by a link of the secretary's own, and closes it again.

A GET changes nothing: mail scanners follow links.
"""

from __future__ import annotations

from functools import partial

from services.enrollment.pages.standing import press
from services.enrollment.usecases.appoint_secretary import AppointSecretary
from services.enrollment.usecases.dismiss_secretary import DismissSecretary
from services.enrollment.usecases.read_last_change import Wrote
from services.enrollment.usecases.read_standing import Standing
from shared.contracts.enrollment import SECRETARY_ROLE
from shared.contracts.event import Command
from shared.contracts.seen import person_fields
from shared.web.meanwhile import Stands

OTHER_SECRETARY = {
    "name": "En anden har fået adgangen, siden siden blev åbnet. Nedenfor står, hvem der nu mister adgangen.",
}


def _stands(found: Standing) -> Stands:
    return Stands(person_fields(found.secretary), together=(("name", "email"),))


def _ends(found: Standing) -> Stands:
    return Stands(person_fields(found.secretary), together=(("name", "email"),), unseen=OTHER_SECRETARY)


def _given(enrolment_id: str) -> tuple[type[Command], Wrote]:
    """What the access that somebody has goes back to."""
    return AppointSecretary, Wrote.role(enrolment_id, SECRETARY_ROLE)


_about = partial(press, labels={"name": "Sekretærens navn", "email": "Sekretærens e-mail"}, written_by=_given)
appoint = partial(
    _about, template="secretary.html", model=AppointSecretary, done="?besked=sekretaer#kontakt", stands=_stands
)
dismiss = partial(
    _about,
    template="close_secretary.html",
    model=DismissSecretary,
    done="?besked=sekretaer-lukket#kontakt",
    stands=_ends,
)
