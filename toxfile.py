"""Lets all tox environments live in one folder, so that torch is installed once.

tox rebuilds an environment whose folder was last used under another name; this runner calls them all by one name.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from tox.plugin import impl
from tox.tox_env.api import ToxEnv
from tox.tox_env.info import Info
from tox.tox_env.python.virtual_env.runner import VirtualEnvRunner
from tox.tox_env.register import ToxEnvRegister


class _SharedInfo(Info):
    @contextmanager
    def compare(self, value: Any, section: str, *sub_section: str) -> Generator[tuple[bool, Any], None, None]:
        if section == ToxEnv.__name__:
            value = {**value, "name": "shared"}
        with super().compare(value, section, *sub_section) as result:
            yield result


class SharedRunner(VirtualEnvRunner):
    """Runs in a folder that other environments of the same packages use too."""

    @staticmethod
    def id() -> str:
        return "shared"

    @property
    def cache(self) -> Info:
        return _SharedInfo(self.env_dir)


@impl
def tox_register_tox_env(register: ToxEnvRegister) -> None:
    register.add_run_env(SharedRunner)
