"""Where runs start: each suite measures the cells of one table into the results folder.

`python -m benchmarks plan` lists the cells and what is missing, `python -m benchmarks run` computes what is missing.
"""
