"""A small disk of its own, which can be filled to the last byte. It takes no rights: who is not root mounts it in a
namespace of their own (user_namespaces(7)) and reaches it through /proc.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class NoDiskError(Exception):
    """Nothing may be mounted here, neither by this user nor in a namespace of theirs; the sentence is the system's."""


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """An empty one, at `folder` or where the path says. Raises NoDiskError. Nothing is left of it afterwards."""
    mount = ("mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tovholder-test", str(folder))
    if os.geteuid() == 0:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            try:
                yield folder
            finally:
                subprocess.run(["umount", "--lazy", str(folder)], check=True)
            return
    # `cat` lives until its input ends, which it does with whoever runs the test; with it the namespace and the disk go.
    script = '"$@" && echo mounted && exec cat >/dev/null'
    keeper = subprocess.Popen(
        ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", *mount],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with keeper:
        assert keeper.stdout is not None
        assert keeper.stderr is not None
        try:
            if keeper.stdout.readline() != "mounted\n":
                raise NoDiskError(keeper.stderr.read().strip())
            yield Path(f"/proc/{keeper.pid}/root{folder}")
        finally:
            keeper.kill()
