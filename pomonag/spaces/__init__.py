"""Search spaces by name. The registry is here because names come in as strings from the command line."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

from pomonag.errors import UserError, unknown_name
from pomonag.spaces.search_space import Costs, ElasticSpace, EnumerableSpace, SearchSpace, Skeleton

__all__ = [
    "SPACES",
    "Costs",
    "ElasticSpace",
    "EnumerableSpace",
    "SearchSpace",
    "Skeleton",
    "elastic_space",
    "search_space",
]

SPACES = {"nb201": "pomonag.spaces.nasbench201:NasBench201", "mbv3": "pomonag.spaces.mobilenetv3:MobileNetV3"}


@cache
def search_space(name: str) -> SearchSpace:
    """The search space of that name; one object a process, since spaces hold no mutable state.

    >>> search_space("nb201").size
    15625
    """
    if name not in SPACES:
        raise unknown_name("search space", name, SPACES)
    module, attribute = SPACES[name].split(":")
    space: SearchSpace = getattr(importlib.import_module(module), attribute)()
    return space


def elastic_space(name: str) -> Any:
    """The space of that name. UserError for one without super-networks."""
    space: Any = search_space(name)
    if not isinstance(space, ElasticSpace):
        raise UserError(f"the space {name} has no super-networks; expected one that has, such as mbv3")
    return space
