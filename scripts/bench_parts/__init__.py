"""What the benchmarks are made of; tests look at the same."""
