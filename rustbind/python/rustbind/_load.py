"""Builds a crate once, imports it, and notices when its sources have changed."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence

from ._build import CratePath, RustbindError, options, program, run

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["load"]

_loaded: Dict[str, ModuleType] = {}


def load(
    crate: CratePath,
    *,
    features: Sequence[str] = (),
    default_features: bool = True,
    exclude: Sequence[str] = (),
    rename: Optional[Mapping[str, str]] = None,
) -> ModuleType:
    """Imports a crate, after building it where it is new or has changed.

    Every version that was loaded stays usable: what an edited crate gives is another
    module. Libraries are never unloaded.

    Args:
        crate: The directory of a crate, or ``name@version`` in the registry.
        features: Features of the crate.
        default_features: Whether its default features are on.
        exclude: Paths of items that are left out.
        rename: New names by path.

    Returns:
        The module.

    Raises:
        RustbindError: The crate could not be bound or built.
    """
    chosen = options(features, default_features, exclude, rename)
    name = os.fspath(crate)
    key = [str(Path(name).resolve()) if Path(name).exists() else name, *chosen]
    entry = _cache() / "load" / hashlib.sha256("\0".join(key).encode()).hexdigest()[:20]
    record = _fresh(entry)
    if record is None:
        entry.mkdir(parents=True, exist_ok=True)
        with _locked(entry):
            # Another process may have built it meanwhile.
            record = _fresh(entry) or _build(name, chosen, entry)
    return _import(entry / record["directory"] / record["package"])


def _cache() -> Path:
    found = os.environ.get("RUSTBIND_CACHE")
    if found:
        return Path(found)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "rustbind"


def _state(path: str) -> List[int]:
    """What an edit changes; nothing for a file that is not there."""
    try:
        status = os.stat(path)  # noqa: PTH116, the quicker one
    except OSError:
        return []
    return [status.st_mtime_ns, status.st_size]


def _fresh(entry: Path) -> Optional[Dict[str, Any]]:
    """Gives the record of the last build, if no file that it has read has changed."""
    try:
        record: Dict[str, Any] = json.loads((entry / "record.json").read_text())
        changed = any(_state(path) != state for path, state in record["inputs"].items())
    except (OSError, ValueError):
        return None
    return None if changed else record


@contextlib.contextmanager
def _locked(entry: Path) -> Iterator[None]:
    """Only one process at a time builds the same crate."""
    with (entry / "lock").open("w") as lock:
        if fcntl is not None:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(crate: str, chosen: Sequence[str], entry: Path) -> Dict[str, Any]:
    with tempfile.TemporaryDirectory(dir=entry) as scratch:
        work = entry / "work"
        arguments = ["--unpacked", "--output", scratch, "--work", str(work), *chosen]
        run("build", crate, arguments)
        package = next(Path(scratch).iterdir())
        directory = _digest(package)
        if not (entry / directory).exists():
            Path(scratch).rename(entry / directory)
            Path(scratch).mkdir()
        record = {
            "directory": directory,
            "package": package.name,
            "inputs": {path: _state(path) for path in _inputs(work, crate)},
        }
    # In one step: who reads it meanwhile finds the old record or the new one.
    written = entry / "record.json.new"
    written.write_text(json.dumps(record))
    written.replace(entry / "record.json")
    return record


def _digest(package: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(package)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:20]


#: Files of a crate that decide, also by being made, though the compiler does not read them.
_DECIDING = ("Cargo.toml", "Cargo.lock", "build.rs", "rustbind.toml")


def _inputs(work: Path, crate: str) -> List[str]:
    """Every file that cargo has read, the crate's manifests, and rustbind itself."""
    root = Path(crate).resolve()
    found = {str(root / name) for name in _DECIDING} if root.is_dir() else set()
    for listing in (work / "target" / "release").glob("*.d"):
        for line in listing.read_text().splitlines():
            _, _, files = line.partition(": ")
            found.update(path.replace("\\ ", " ") for path in _split(files))
    ours = str(work.resolve())
    found.add(str(Path(program()).resolve()))
    return sorted(path for path in found if not path.startswith(ours))


def _split(files: str) -> List[str]:
    """Files in a rule of make: spaces in names follow a backslash."""
    return [part.replace("\1", "\\ ") for part in files.replace("\\ ", "\1").split()]


def _import(package: Path) -> ModuleType:
    name = f"{package.name}_{package.parent.name[:8]}"
    if str(package) in _loaded:
        return _loaded[str(package)]
    spec = importlib.util.spec_from_file_location(
        name, package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        raise RustbindError(f"{package} is not a package")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    _loaded[str(package)] = module
    return module
