"""The reading benchmark: pages with known text, readers side by side, what each got right and took.

`benchmarks/score_reading.py` is its command. The generated pages and their damage
are the benchmark's own, seeded, and were fixed before any reader was tuned on them;
real sets are read from folders named on the command line and never copied.
"""
