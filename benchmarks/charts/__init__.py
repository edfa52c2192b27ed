"""Made-up chart scans with truth in two families of layouts that share nothing (`make_charts.py`)."""
