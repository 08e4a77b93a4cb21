"""`run_guarded`, also under the name of the commands' folder."""

from pomonag.guarded import run_guarded

__all__ = ["run_guarded"]
