"""The figures on real rows that ship. Reading them imports no training; `real_row_repeats` measures them."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from pomonag.errors import UserError

SHIPPED = Path(__file__).resolve().parents[1] / "assets" / "real_rows" / "nb201.json"


@functools.cache
def shipped_figures() -> dict[str, Any]:
    """The shipped file: `runs` (`split`, `seed` and what `evaluate_real_rows` gives), `summary`, `provenance`."""
    try:
        found = json.loads(SHIPPED.read_text(encoding="utf-8"))
        return {key: found[key] for key in ("runs", "summary", "provenance")}
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{SHIPPED} is not whole ({error!r}); restore it, or reinstall pomonag") from error
