"""A large simulation of filing: invented people and papers as text, worn as real reading wears them.

`people`, `paper`, `layouts`, `writing`, `press`, `traps`, `noise` generate and know nothing of the product;
`bridge` hands what they made to the product, `tally` and `plot` say what became of it.
"""
