"""The methods that POMONAG is compared with: a module with a method class is a method in the tables."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

from baselines.searcher import GenerativeMethod, Method, Searcher

__all__ = ["GenerativeMethod", "Method", "Searcher", "methods"]


def methods() -> dict[str, type[Method]]:
    """Every method by name, found by looking through this folder's modules."""
    found: dict[str, type[Method]] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        for item in vars(module).values():
            if inspect.isclass(item) and issubclass(item, Method) and item.__module__ == module.__name__:
                if inspect.isabstract(item) or not hasattr(item, "name"):
                    continue
                if item.name in found:
                    raise ValueError(f"two methods are called {item.name!r}: {found[item.name]} and {item}")
                found[item.name] = item
    return found
