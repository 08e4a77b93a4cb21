"""Sentences of the paper as predicates, judged on the paper's own numbers and on ours.

`claims.csv` holds 56 of them. `parser` reads a predicate into the nodes of `syntax`, `evaluation` judges it against a
`Source` of values, `sources` has two of these, and `judging` puts the paper's verdict beside each reading of ours.
"""
