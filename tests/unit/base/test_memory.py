"""What the allocator gives back, in a process of its own: its settings hold for the whole of one."""

from __future__ import annotations

import json
import subprocess
import sys

from shared.base.memory import ARENAS

LIBC = """
import ctypes, json, os, sys, tempfile, threading
from shared.base.memory import give_memory_back, trim

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]
if sys.argv[1] == "yes":
    give_memory_back()
"""

FREED = """
class Figures(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena o s h mapped u f used free k".split()]

libc.mallinfo2.restype = Figures
held = threading.Barrier(8)
def use():
    block = libc.malloc(50_000)
    held.wait()
    libc.free(block)
threads = [threading.Thread(target=use) for _ in range(8)]
[one.start() for one in threads], [one.join() for one in threads]

libc.free(libc.malloc(8_000_000))
before = libc.mallinfo2().mapped
block = libc.malloc(8_000_000)
mapped = libc.mallinfo2().mapped - before >= 8_000_000

libc.fdopen.restype, libc.fdopen.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_char_p]
libc.malloc_info.argtypes, libc.fclose.argtypes = [ctypes.c_int, ctypes.c_void_p], [ctypes.c_void_p]
with tempfile.TemporaryFile() as told:
    stream = libc.fdopen(os.dup(told.fileno()), b"w")
    libc.malloc_info(0, stream)
    libc.fclose(stream)
    told.seek(0)
    arenas = told.read().count(b"<heap nr")
print(json.dumps({"arenas": arenas, "mapped": mapped}))
"""

HOLED = """
def resident():
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmRSS")]
    return int(line.split()[1]) // 1024

blocks = [libc.malloc(50_000) for _ in range(4_000)]
for block in blocks:
    ctypes.memset(block, 1, 50_000)
for number, block in enumerate(blocks, 1):
    if number % 50:
        libc.free(block)
before = resident()
trim()
print(json.dumps({"given_back": before - resident()}))
"""


def probe(script: str, *, gives_back: bool) -> dict[str, int]:
    argv = [sys.executable, "-c", LIBC + script, "yes" if gives_back else "no"]
    found: dict[str, int] = json.loads(subprocess.run(argv, check=True, capture_output=True, timeout=60).stdout)
    return found


def test_threads_share_two_arenas_and_large_blocks_are_mapped_one_by_one_however_many_were_freed() -> None:
    found = probe(FREED, gives_back=True)
    assert found["arenas"] <= ARENAS
    assert found["mapped"]


def test_the_allocator_does_neither_by_itself() -> None:
    """Else the settings are needed no longer."""
    found = probe(FREED, gives_back=False)
    assert found["arenas"] > ARENAS
    assert not found["mapped"]


def test_what_lies_free_between_blocks_in_use_goes_back_in_mb() -> None:
    assert probe(HOLED, gives_back=True)["given_back"] > 150
