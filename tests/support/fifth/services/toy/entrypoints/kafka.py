"""What it listens to."""

from __future__ import annotations

from services.toy.entrypoints import acts
from services.toy.usecases.count_toys import count_toys
from services.toy.usecases.give_toy import welcome
from shared.contracts.toy import ToyGiven

from shared.contracts.enrollment import MunicipalityEnrolled
from shared.messaging.subscriptions import intake, on

SUBSCRIPTIONS = (on(MunicipalityEnrolled, welcome), on(ToyGiven, count_toys), intake(acts.GIVE))
