"""Where a number came from: code, packages, machine, command line."""

from __future__ import annotations

import functools
import os
import platform
import shlex
import subprocess
import sys
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

_PACKAGES = (
    "torch", "torchvision", "timm", "numpy", "scipy", "pandas", "pyarrow", "scikit-learn", "optuna", "moocore",
)  # fmt: skip
_STARTED = datetime.now(UTC)


def provenance() -> dict[str, Any]:
    """What a result needs so that it can be judged and repeated; JSON types only.

    Keys: version, commit and dirty (None outside of a git checkout), packages, python, cpu, cores, gpu,
    threads, load (one-minute average a core), command, started (UTC). No host name, user name or folder is recorded.
    The caller adds the seconds that it measured.
    """
    commit, dirty = _git_state()
    return {
        "version": _version("pomonag"),
        "commit": commit,
        "dirty": dirty,
        "python": platform.python_version(),
        "packages": dict(_package_versions()),
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "gpu": _gpu(),
        "threads": _threads(),
        "load": round(os.getloadavg()[0] / (os.cpu_count() or 1), 2) if hasattr(os, "getloadavg") else None,
        "command": _command(),
        "started": _STARTED.isoformat(timespec="seconds"),
    }


def _command() -> str:
    # `python -m package.module` leaves the module's file in argv[0]: its name is enough, its folder is private.
    arguments = [Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python", *sys.argv[1:]]
    return shlex.join(Path(a).name if Path(a).is_absolute() else a for a in arguments)


@functools.lru_cache(maxsize=1)
def _git_state() -> tuple[str | None, bool | None]:
    # The state at the first call is the state of the code that runs; later commits do not change loaded modules.
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None, None
    try:
        commit = _git(root, "rev-parse", "HEAD").strip()
        dirty = bool(_git(root, "status", "--porcelain", "--untracked-files=no", "--", "pomonag").strip())
    except (OSError, subprocess.SubprocessError):
        return None, None
    return commit, dirty


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, timeout=10, check=True
    ).stdout


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


@functools.lru_cache(maxsize=1)
def _package_versions() -> tuple[tuple[str, str], ...]:
    return tuple((name, version) for name in _PACKAGES if (version := _version(name)) is not None)


@functools.lru_cache(maxsize=1)
def _cpu_model() -> str:
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _gpu() -> str | None:
    # Never imports torch itself: a command that does not need it must stay quick.
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return torch.cuda.get_device_name(0)


def _threads() -> int:
    torch = sys.modules.get("torch")
    if torch is not None and hasattr(torch, "get_num_threads"):
        return int(torch.get_num_threads())
    return int(os.environ.get("OMP_NUM_THREADS") or psutil.cpu_count() or 1)
