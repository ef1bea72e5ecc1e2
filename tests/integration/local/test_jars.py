"""Java sees only jars that are those of the lock."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from deploy.local import jars
from deploy.local.errors import StackError
from deploy.local.jars import Jar

CONTENT = b"a jar, as the repository serves it"
JAR = Jar("org.example", "broker", "1.0", hashlib.sha256(CONTENT).hexdigest())
RELATIVE = Path("jars/org/example/broker/1.0/broker-1.0.jar")


def serve(content: bytes) -> jars.Fetch:
    def fetch(_jar: Jar, folder: Path) -> Path:
        path = folder.parent / RELATIVE
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
        return path

    return fetch


def must_not_fetch(jar: Jar, _folder: Path) -> Path:
    raise AssertionError(f"{jar} was fetched although it is cached")


def test_a_jar_that_is_cached_and_right_is_not_fetched(tmp_path: Path) -> None:
    fetched = jars.install((JAR,), tmp_path, serve(CONTENT))
    assert jars.install((JAR,), tmp_path, must_not_fetch) == fetched
    assert fetched[0].read_bytes() == CONTENT


def test_a_jar_with_one_byte_flipped_in_the_cache_is_refused_and_deleted(tmp_path: Path) -> None:
    (path,) = jars.install((JAR,), tmp_path, serve(CONTENT))
    flipped = bytearray(CONTENT)
    flipped[7] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(StackError, match=r"broker-1\.0\.jar is not the file of the lock"):
        jars.install((JAR,), tmp_path, must_not_fetch)
    assert not path.exists()


def test_a_jar_that_the_repository_serves_changed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="SHA-256"):
        jars.install((JAR,), tmp_path, serve(CONTENT + b" and more"))
    assert not (tmp_path / RELATIVE).exists()


def test_the_real_lock_names_each_jar_once_with_a_sum_and_no_address() -> None:
    locked = jars.read_lock()
    assert len({(jar.group, jar.artifact) for jar in locked}) == len(locked)
    assert all(len(jar.sha256) == 64 for jar in locked)
    assert "kafka_2.13" in {jar.artifact for jar in locked}
    assert "://" not in jars.KAFKA.file.read_text()
