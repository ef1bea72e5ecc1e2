"""No page takes a form into which no hostile text has been put."""

from __future__ import annotations

import pytest

from deploy.local.locations import service_names
from deploy.roles import routes, services
from tests.integration.enrollment import test_hostile_texts as enrollment
from tests.integration.invoicing import test_hostile_staff_texts as money
from tests.integration.invoicing import test_hostile_texts as invoicing
from tests.integration.notifications import test_hostile_texts as notifications
from tests.integration.runtime import test_erasing_pages as erasing
from tests.integration.scheduling import test_hostile_texts as scheduling

WALKED = {
    "enrollment": {*enrollment.PAGES, *enrollment.STAFF_PAGES, *enrollment.PROGRAMME_PAGES, *enrollment.EDITOR_PAGES},
    "invoicing": {*invoicing.PAGES, *money.ACTS, *money.LOOKS, *money.ASK_NOTHING},
    "notifications": notifications.PAGES,
    "scheduling": set(scheduling.PROGRAMME_PAGES),
}
NO_FORM = {
    "/api/notifications/calendar/replies",  # a mail as it is; `tests/unit/notifications/test_replies.py` reads odd ones
    "/notifications/stab/udkast",  # terms of a draft; `test_draft_letters.py` sends odd ones
    "/notifications/stab/udgivelse",  # facts that nobody has told; `test_rehearsals.py` there brings odd ones
    "/scheduling/stab/udgivelse",  # as well; `tests/integration/scheduling/test_rehearsals.py`
    "/login/oidc/logud",  # the identity provider's token; `tests/integration/enrollment/test_sign_in.py` sends odd ones
    # a button alone, with nothing to fill in; `tests/integration/enrollment/test_staff_deeds.py` presses both
    "/stab/forloeb/{programme_id}/tilmeldinger/{enrolment_id}/moeder/{meeting_id}/inviter",
    "/stab/forloeb/{programme_id}/tilmeldinger/{enrolment_id}/moeder/{meeting_id}/ikke-med",
    "/bekraeftet",  # as well; `tests/integration/enrollment/test_code_before_a_change.py`
    "/login/ud",  # a button on every page of staff's, with nothing beside it
}
"""What is sent there is typed by nobody."""


@pytest.mark.parametrize("service", service_names())
def test_every_page_that_takes_a_form_is_walked_with_hostile_texts(service: str) -> None:
    (one,) = [one for one in services() if one.name == service]
    takes = {route.path for route in routes(one) if "POST" in (route.methods or ())} - NO_FORM
    walked = WALKED.get(service, set()) | erasing.WALKED.get(service, set())
    lacking = f"has no line in PAGES of tests/integration/{service}/test_hostile_texts.py"
    assert takes == walked, f"one of {takes ^ walked} {lacking}"
