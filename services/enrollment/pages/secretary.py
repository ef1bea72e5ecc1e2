"""The contact gives a secretary access to its pages, by a link of the secretary's own, and closes it again.

A GET changes nothing: mail scanners follow links.
"""

from __future__ import annotations

from functools import partial

from services.enrollment.pages.standing import press
from services.enrollment.usecases.appoint_secretary import AppointSecretary
from services.enrollment.usecases.dismiss_secretary import DismissSecretary

_about = partial(press, labels={"name": "Sekretærens navn", "email": "Sekretærens e-mail"})
appoint = partial(_about, template="secretary.html", model=AppointSecretary, done="?besked=sekretaer#kontakt")
dismiss = partial(
    _about, template="close_secretary.html", model=DismissSecretary, done="?besked=sekretaer-lukket#kontakt"
)
