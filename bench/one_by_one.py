"""`python -m bench.one_by_one …`: the service of enrolments, which decides each sign-up in a transaction of its own.

As everything else that can be asked of it is decided. The product itself knows no switch for this.
"""

from __future__ import annotations

import runpy

from services.enrollment.entrypoints import acts
from shared.base.acts import act
from shared.contracts.enrollment import EnrolMunicipality

if __name__ == "__main__":
    acts.ENROL = act(EnrolMunicipality, acts.ENROL.do, status=acts.ENROL.status)
    runpy.run_module("services.enrollment", run_name="__main__", alter_sys=True)
