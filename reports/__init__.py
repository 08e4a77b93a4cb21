"""Our measurements beside the paper's numbers: cells, shipped results, tables, figures, one self-contained page.

This package only reads; runs start in `benchmarks`.
"""
