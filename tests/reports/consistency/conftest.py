from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reports.consistency import Paper, Statement, load_paper


class MadeUp(Paper):
    """The paper with some numbers or statements replaced."""

    def changing(self, _where: dict[str, Any], **fields: Any) -> "MadeUp":
        """Other fields in all numbers of these columns; a function gets the old value."""
        chosen = set(self.rows(**_where))
        assert chosen, f"no number with {_where}"

        def changed(number: Any) -> Any:
            return replace(number, **{k: v(getattr(number, k)) if callable(v) else v for k, v in fields.items()})

        return MadeUp(tuple(changed(n) if n in chosen else n for n in self.numbers), self.statements)

    def without(self, **columns: Any) -> "MadeUp":
        """No number of these columns."""
        chosen = set(self.rows(**columns))
        assert chosen, f"no number with {columns}"
        return MadeUp(tuple(n for n in self.numbers if n not in chosen), self.statements)

    def saying(self, **values: Any) -> "MadeUp":
        """Other statements; a function gets the old value."""
        assert set(values) <= set(self.statements)
        said = {k: Statement(v(self.said(k)) if callable(v) else v, "made up") for k, v in values.items()}
        return MadeUp(self.numbers, {**self.statements, **said})


Edit = Callable[[MadeUp], MadeUp]


@pytest.fixture(scope="session")
def paper() -> MadeUp:
    """The shipped paper, ready to be changed."""
    shipped = load_paper()
    return MadeUp(shipped.numbers, shipped.statements)
