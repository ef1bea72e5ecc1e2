"""Reads a Dockerfile and carries its steps out in a plain folder, where no container engine is to be had.

Each stage gets a folder of its own as its root; the absolute paths of our image are put below it. A base image gives
`python` (the one under the virtual environment that runs the tests) and the tools named in `tools`. It cannot show what
only an engine does: users, mounts, read-only file systems, what the base images really hold.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

OUR_FOLDERS = ("app", "opt", "assets", "requirements", "var/lib/tovholder")
_OURS = re.compile(rf"(?<![\w./-])/({'|'.join(OUR_FOLDERS)})(?=[/\s:\"',]|$)")
_FLAG = re.compile(r"--([a-z]+)=(\S+)\s+")


@dataclass(frozen=True, slots=True)
class Instruction:
    name: str
    flags: Mapping[str, str]
    rest: str

    def words(self) -> list[str]:
        """The arguments, in JSON form or as a shell would split them."""
        found = json.loads(self.rest) if self.rest.startswith("[") else shlex.split(self.rest)
        return [str(word) for word in found]


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    base: str
    instructions: tuple[Instruction, ...]

    def all(self, name: str) -> list[Instruction]:
        return [instruction for instruction in self.instructions if instruction.name == name]


def read(text: str) -> dict[str, Stage]:
    """The stages by name, in order. Raises ValueError for a stage without a name."""
    stages: dict[str, Stage] = {}
    found: list[Instruction] = []
    base, name = "", ""
    for instruction in _instructions(text):
        if instruction.name != "FROM":
            found.append(instruction)
            continue
        if name:
            stages[name] = Stage(name, base, tuple(found))
        found = []
        words = instruction.words()
        if len(words) != 3 or words[1].upper() != "AS":
            raise ValueError(f"FROM without a name: {instruction.rest}")
        base, name = words[0], words[2]
    stages[name] = Stage(name, base, tuple(found))
    return stages


def _instructions(text: str) -> Iterator[Instruction]:
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ")
    for line in lines.splitlines():
        if not line.strip():
            continue
        name, _, rest = line.strip().partition(" ")
        flags = {}
        rest = rest.strip()
        while match := _FLAG.match(rest):
            flags[match[1]] = match[2]
            rest = rest[match.end() :]
        yield Instruction(name.upper(), flags, rest)


@dataclass(slots=True)
class Built:
    """A stage that was carried out: its root and its environment."""

    root: Path
    workdir: str = "/"
    env: dict[str, str] = field(default_factory=dict)

    def place(self, text: str) -> str:
        """`text` with the absolute paths of the image below this root."""
        return _OURS.sub(lambda match: f"{self.root}/{match[1]}", text)

    def path(self, text: str) -> Path:
        """A path of the image; a relative one starts at the working directory."""
        return self.root / str(Path(self.workdir) / text).lstrip("/")

    def environment(self) -> dict[str, str]:
        """Of its processes; nothing of the environment that the tests run in but the way to the network."""
        kept = {name: value for name, value in os.environ.items() if name.lower() in _NETWORK or name == "HOME"}
        env = {**kept, "PATH": f"{self.root}/usr/local/bin:/usr/bin:/bin"}
        for name, value in self.env.items():
            env[name] = self.place(value).replace("/usr/local/bin", f"{self.root}/usr/local/bin")
        return env

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """As the container's process would be run."""
        env = self.environment()
        program = shutil.which(command[0], path=env["PATH"])
        assert program is not None, f"{command[0]} is not in the image"
        arguments = [self.place(word) for word in command[1:]]
        return subprocess.run(
            [program, *arguments], cwd=self.path("."), env=env, capture_output=True, text=True, check=False, timeout=240
        )


_NETWORK = {
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "pip_index_url",
    "pip_cert",
    "pip_config_file",
    "npm_config_registry",
    "npm_config_cafile",
    "node_extra_ca_certs",
    "ssl_cert_file",
    "requests_ca_bundle",
    "pip_cache_dir",
}


class Build:
    """Carries stages out, each once. `context` is the build context, `ignored` the lines of its ignore file."""

    def __init__(self, stages: Mapping[str, Stage], context: Path, ignored: str, folder: Path) -> None:
        self._stages = stages
        self._context = context
        self._ignored = [line.strip() for line in ignored.splitlines() if line.strip() and not line.startswith("#")]
        self._folder = folder
        self._built: dict[str, Built] = {}

    def stage(self, name: str) -> Built:
        if name not in self._built:
            self._built[name] = self._carry_out(self._stages[name])
        return self._built[name]

    def _carry_out(self, stage: Stage) -> Built:
        root = self._folder / stage.name
        if stage.base in self._stages:
            base = self.stage(stage.base)
            shutil.copytree(base.root, root, symlinks=True, copy_function=os.link)
            built = Built(root, base.workdir, dict(base.env))
            # A virtual environment knows its own place, and here that is another one in each stage.
            for file in root.glob("opt/venv/bin/*"):
                if file.is_file() and not file.is_symlink():
                    own = file.with_suffix(".own")
                    own.write_bytes(file.read_bytes().replace(str(base.root).encode(), str(root).encode()))
                    own.chmod(file.stat().st_mode)
                    own.replace(file)
        else:
            built = Built(root)
            self._base_image(stage.base, root)
        for instruction in stage.instructions:
            self._step(built, instruction)
        return built

    def _base_image(self, image: str, root: Path) -> None:
        """What we use of the official images."""
        programs = root / "usr" / "local" / "bin"
        programs.mkdir(parents=True)
        if image.startswith("python:"):
            base: str = getattr(sys, "_base_executable", sys.executable)
            (programs / "python").symlink_to(base)
        elif image.startswith("node:"):
            for name in ("node", "npm"):
                # Not a link: what these start lies beside them.
                tool = Path(sys.executable).with_name(name)
                (programs / name).write_text(f'#!/bin/sh\nexec "{tool}" "$@"\n')
                (programs / name).chmod(0o755)

    def _step(self, built: Built, step: Instruction) -> None:
        match step.name:
            case "WORKDIR":
                built.workdir = step.rest
                built.path(".").mkdir(parents=True, exist_ok=True)
            case "ENV":
                for word in step.words():
                    name, _, value = word.partition("=")
                    built.env[name] = value
            case "COPY":
                self._copy(built, step)
            case "RUN":
                done = built.run(["/bin/sh", "-c", step.rest])
                assert done.returncode == 0, f"RUN {step.rest}\n{done.stdout}\n{done.stderr}"
            case "USER" | "EXPOSE" | "CMD":
                pass
            case _:
                raise ValueError(f"an instruction that this reader does not know: {step.name}")

    def _copy(self, built: Built, step: Instruction) -> None:
        *sources, target = step.words()
        for source in sources:
            if "from" in step.flags:
                origin = self.stage(step.flags["from"]).path(source)
            else:
                self._assert_in_context(source)
                origin = self._context / source
            into = built.path(target)
            if target.endswith("/"):
                into = into / origin.name
            into.parent.mkdir(parents=True, exist_ok=True)
            # Between stages a link will do: no step changes a file in place. The checkout's own files are copied.
            copy = os.link if "from" in step.flags else shutil.copy2
            if origin.is_dir():
                left_out = None if "from" in step.flags else shutil.ignore_patterns("__pycache__")
                shutil.copytree(origin, into, symlinks=True, ignore=left_out, copy_function=copy)
            else:
                copy(origin, into)

    def _assert_in_context(self, source: str) -> None:
        """The last line of the ignore file that fits decides, as in Docker."""
        kept = True
        for line in self._ignored:
            pattern = line.removeprefix("!").rstrip("/")
            if source == pattern or source.startswith(f"{pattern}/") or fnmatch(source, pattern):
                kept = line.startswith("!")
        assert kept, f"{source} is copied, and the ignore file keeps it from the builder"
