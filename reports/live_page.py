"""The page as the results stand now: rendered again when the store changed, and only when it is asked for."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pomonag.errors import UserError
from pomonag.records.record_store import record_files
from reports import render
from reports.evidence import Evidence, gather
from reports.number_texts import seconds_text
from reports.progress import progress


@dataclass
class LivePage:
    """Folders of results and a catalogue that other processes write. Safe to ask from several threads.

    Progress is that of `recomputed` where it is given, else that of `shipped`. `problem` is what the page says when
    there is no catalogue.
    """

    shipped: Path
    recomputed: Path | None = None
    catalogue: Path | None = None
    seeds: int = 3
    problem: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _evidence: tuple[str, Evidence] | None = None
    _page: tuple[str, str] | None = None

    def page(self) -> str:
        """The page of the newest results. Raises UserError where they cannot be read."""
        with self._lock:
            version, evidence = self._read()
            if self._page is None or self._page[0] != version:
                self._page = version, render.render(evidence, version=version)
            return self._page[1]

    def state(self) -> dict[str, Any]:
        """JSON types: `version` of the results, `done`, `total`, `running`, `left` (words) and `problem`."""
        with self._lock:
            try:
                version, evidence = self._read()
            except UserError as error:
                version = self._evidence[0] if self._evidence else ""
                return {"version": version, "done": 0, "total": 0, "running": [], "left": "", "problem": str(error)}
        runs = evidence.shipped if self.recomputed is None else evidence.recomputed
        now = progress(evidence.catalogue, runs, self.recomputed or self.shipped, self.seeds)
        return {
            "version": version,
            "done": now.done if evidence.catalogue else len(runs),
            "total": now.total,
            "running": list(now.running),
            "left": f"about {seconds_text(now.seconds_left)} left for one worker" if now.seconds_left else "",
            "problem": self.problem,
        }

    def _read(self) -> tuple[str, Evidence]:
        # The version is taken before the reading: what arrives between the two is read again next time.
        version = self._version()
        if self._evidence is None or self._evidence[0] != version:
            self._evidence = version, gather(self.shipped, self.recomputed, self.catalogue)
        return self._evidence

    def _version(self) -> str:
        files = [path for folder in (self.shipped, self.recomputed) if folder for path in record_files(folder)]
        if self.catalogue and self.catalogue.exists():
            files.append(self.catalogue)
        sizes = [(path.name, path.stat().st_size) for path in files if path.exists()]
        return hashlib.blake2b(repr(sizes).encode(), digest_size=8).hexdigest()
