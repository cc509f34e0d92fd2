"""Fair tuning: the same design, budget and rule for every variant."""
