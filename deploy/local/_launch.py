"""Runs a command that dies with its parent: `python -I -S _launch.py SIGNAL PARENT USER COMMAND…` (USER may be empty).

The signal is asked for here, after any change of user and just before exec, because the kernel forgets it when a
process's identity changes. A parent that died before the request was made is seen by comparing process ids. Linux has
this; elsewhere the command simply runs.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1

if __name__ == "__main__":
    death_signal, parent, user, *command = sys.argv[1:]
    if user:
        # Here and not in the starter, whose own interpreter the user may not be allowed to read.
        who = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(who.pw_gid)
        os.setuid(who.pw_uid)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != int(parent):
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 # running what it was given is its whole purpose
