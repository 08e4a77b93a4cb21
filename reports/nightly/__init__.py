"""The nightly guard: what is accepted, what changed since, whether a change is a drift, and how sure that is."""
