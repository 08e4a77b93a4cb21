"""Optuna's studies as they are opened here: TPE seeded by trial, Hyperband, a journal that outlives its writers."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from optuna import create_study, pruners, samplers
from optuna import logging as optuna_logging
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock
from optuna.study import Study

from pomonag.errors import UserError
from pomonag.records.claims import Claims

REDUCTION_FACTOR = 3
_PAUSE = 0.02  # seconds


@contextmanager
def waiting_for(claims: Claims, name: str) -> Iterator[None]:
    """Holds the name for the length of the block, after whoever else holds it. The kernel takes it from the dead."""
    while True:
        with claims.claim(name) as mine:
            if mine:
                yield
                return
        time.sleep(_PAUSE)


class KernelLock(BaseJournalFileLock):
    """A journal's lock that a killed writer cannot leave behind. It also cuts off the line that the killed left open.

    Optuna's own locks stay until they are 30 s old, and what is appended to half a line spoils both.
    """

    def __init__(self, journal: Path):
        self._journal = journal
        self._claims = Claims(journal.parent)
        self._held = ExitStack()

    def acquire(self) -> bool:
        """Waits until it is ours."""
        self._held.enter_context(waiting_for(self._claims, f"journal {self._journal.name}"))
        try:
            self._mend()
        except BaseException:
            self.release()  # Optuna releases only what it got.
            raise
        return True

    def release(self) -> None:
        """Lets the next one write."""
        self._held.close()

    def _mend(self) -> None:
        with self._journal.open("rb+") as file:
            size = file.seek(0, os.SEEK_END)
            if not size:
                return
            file.seek(size - 1)
            if file.read(1) == b"\n":
                return
            file.seek(0)
            whole = file.read().rfind(b"\n") + 1
            file.seek(whole)
            # Only what Optuna began is Optuna's to lose.
            if file.read(1) != b"{":
                raise UserError(f"{self._journal} is no journal of studies: give another path, or delete it")
            file.truncate(whole)


def journal_storage(journal: Path, what: str, lock: BaseJournalFileLock | None = None) -> BaseStorage:
    """The studies of a journal file, made where there is none. UserError for one that is no journal of `what`."""
    try:
        journal.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFileBackend(str(journal), lock))
    except OSError as error:
        raise UserError(f"cannot write {journal}: {error.strerror}. Give a path in a writable folder.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{journal} is no journal of {what}, or is damaged ({error!r}): "
            "give another path, or delete it to begin anew"
        ) from error


def open_study(name: str, storage: BaseStorage | None, *, min_resource: int, max_resource: int) -> Study:
    """The study of that name, which maximises and prunes by Hyperband; new, or as the storage has it."""
    optuna_logging.set_verbosity(optuna_logging.WARNING)
    return create_study(
        study_name=name,
        storage=storage,
        load_if_exists=True,
        direction="maximize",
        pruner=pruners.HyperbandPruner(
            min_resource=min_resource, max_resource=max_resource, reduction_factor=REDUCTION_FACTOR
        ),
    )


def tpe_sampler(seed: int, *, shared: bool = False) -> samplers.TPESampler:
    """TPE for one trial: a sampler of one seed would draw its first points again after a stop.

    Where a study is `shared`, what others are trying now counts as bad, so that no two try the same.
    """
    settings: dict[str, Any] = {
        # Every argument is named, so that another default of another version changes nothing.
        "consider_prior": True,
        "prior_weight": 1.0,
        "consider_magic_clip": True,
        "consider_endpoints": False,
        "n_startup_trials": 10,
        "n_ei_candidates": 24,
        "multivariate": False,
        "group": False,
        "warn_independent_sampling": True,
        "constant_liar": shared,
        "seed": seed % 2**32,
    }
    # Some are on their way out.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return samplers.TPESampler(**settings)
