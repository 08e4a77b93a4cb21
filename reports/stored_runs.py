"""From a line of a store to a run: what a newer version wrote is refused, what is no run is set aside."""

from __future__ import annotations

from pomonag.errors import UserError
from pomonag.records.record_store import Entry, Problem
from reports.measurements import SCHEMA, RunRecord


def run_of(entry: Entry) -> RunRecord | Problem:
    """The run, or why the record is none. Raises UserError for a run of a newer schema."""
    record = entry.record
    schema = record.get("schema")
    if record.get("kind") == "run" and isinstance(schema, int) and schema > SCHEMA:
        raise UserError(
            f"{entry.file}:{entry.line} is a result of schema {schema}, written by a newer pomonag; this one reads "
            f"schemas up to {SCHEMA}. Update pomonag or give another folder; nothing was changed."
        )
    try:
        return RunRecord.from_json(record)
    except (ValueError, TypeError, KeyError) as error:
        return Problem(entry.file, entry.line, f"not a run of this version: {error}")
