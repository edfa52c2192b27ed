"""What the benchmarks of exports are made of."""
