"""What `benchmarks/search_speed.py` is made of: a corpus it invents, the engines it asks, its clock.

`wording` (sentences and word forms), `misreading` (what a scanner makes of words),
`corpus` (pages, as a stream) and `questions` (queries and their true answers) take
nothing from the product. `product` and `peers` are the engines side by side.
"""
