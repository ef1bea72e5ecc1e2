"""What it can be asked to do."""

from __future__ import annotations

from services.toy.usecases.give_toy import give_toy
from shared.contracts.toy import GiveToy

from shared.base.acts import act

GIVE = act(GiveToy, give_toy, status=201)
