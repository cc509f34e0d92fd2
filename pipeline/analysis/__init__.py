"""Numbers out of predictions: errors, intervals, tests, verdicts. No torch here."""
