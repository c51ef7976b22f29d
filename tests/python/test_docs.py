"""The examples in README, docs and docstrings do what they say."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from conftest import ROOT, need

pytestmark = pytest.mark.usefixtures("system_nameserver")

#: The tables of manifests.md are the Rust parser's tests; benchmarks.md has results alone.
WITHOUT_EXAMPLES = {"benchmarks.md", "manifests.md"}
DOCUMENTS = [
    ROOT / "README.md",
    *(path for path in sorted((ROOT / "docs").glob("*.md")) if path.name not in WITHOUT_EXAMPLES),
]
MODULES = [
    "checksig",
    "checksig._run",
    "checksig.checksig",
    "checksig.cookbook",
    "checksig.dns",
    "checksig.manifest",
]


class Block(NamedTuple):
    """A fenced block: its language, the file it is shown as, and its text."""

    language: str
    file: str
    text: str


def blocks(document: Path) -> list[Block]:
    """The fenced blocks of a Markdown file, in order."""
    fence = re.compile(r"^```(\w*) ?(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [Block(*found) for found in fence.findall(document.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_examples_of_a_document_print_what_it_shows(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {"__name__": "example"}
    found = blocks(document)
    ran = 0
    for block, following in zip(found, [*found[1:], Block("", "", "")]):
        if block.language == "python":
            printed = run_python(block.text, names)
        elif block.language == "sh":
            printed = run_shell(block.text, tmp_path)
        else:
            if block.file:
                (tmp_path / block.file).write_text(block.text, encoding="utf-8")
            continue
        shown = following.text if following.language == "text" else ""
        assert printed == shown, block.text
        ran += 1
    assert ran > 0


def run_python(text: str, names: dict[str, object]) -> str:
    """Runs an example after those before it; what it printed."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(text, "<example>", "exec"), names)
    return output.getvalue()


def run_shell(text: str, directory: Path) -> str:
    """Runs an example's commands where its files are; what they printed."""
    need("cc")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "ROOT": str(ROOT)}
    command = ["sh", "-eu", "-c", text]
    result = subprocess.run(
        command, cwd=directory, env=environment, check=True, capture_output=True, text=True
    )
    return result.stdout.replace(str(ROOT), "$ROOT")


def test_the_readme_names_targets_that_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(\w+):", makefile, re.MULTILINE))
    named = {
        name
        for block in blocks(ROOT / "README.md")
        for name in re.findall(r"^make (\w+)", block.text, re.MULTILINE)
    }
    assert {"demo", "test"} <= named <= targets


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_print_what_they_show(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    module = importlib.import_module(name)
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize("name", MODULES[2:])
def test_every_public_function_has_an_example(name: str) -> None:
    module = importlib.import_module(name)
    functions = [getattr(module, public) for public in module.__all__]
    for function in functions:
        if callable(function) and not isinstance(function, type):
            assert ">>> " in (function.__doc__ or ""), function
