"""What can be asked of it over HTTP."""

from __future__ import annotations

from services.toy.entrypoints import acts
from services.toy.usecases.count_toys import read_counted

from shared.web.routes import read, write

ROUTES = (read("/api/toy/toys", read_counted), write("POST", "/api/toy/toys", acts.GIVE))
