"""`python -m tests.faults.mutants NAME services.<service> …`: the service, with one promise taken out of it.

A mutant is a module here with a function `apply` that replaces something of the product before the service starts.
The product itself knows no switch for any of this.
"""

from __future__ import annotations

import importlib
import runpy
import sys

if __name__ == "__main__":
    mutant, service = sys.argv[1:3]
    importlib.import_module(f"tests.faults.mutants.{mutant}").apply()
    sys.argv = [service, *sys.argv[3:]]
    runpy.run_module(service, run_name="__main__", alter_sys=True)
