"""Records that survive: seeds by name, atomic files, an append-only store, and where a number came from."""
