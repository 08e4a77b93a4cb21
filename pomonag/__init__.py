"""Pareto-optimal many-objective neural architecture generation.

Images in, Pareto-optimal architectures out::

    import pomonag
    result = pomonag.generate(pomonag.search_space("nb201"), images, labels, count=256, seed=0)

Names are imported when first used, so that ``import pomonag`` and the command line's ``--help`` stay fast.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pomonag.data.image_datasets import load_images
    from pomonag.errors import UserError
    from pomonag.search import generate
    from pomonag.spaces import search_space

__version__ = "0.1.0"

_HOMES = {
    "UserError": "pomonag.errors",
    "generate": "pomonag.search",
    "load_images": "pomonag.data.image_datasets",
    "search_space": "pomonag.spaces",
}

__all__ = ["UserError", "__version__", "generate", "load_images", "search_space"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pomonag' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
