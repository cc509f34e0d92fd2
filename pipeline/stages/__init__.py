"""What `python -m pipeline STAGE` runs: one short main() each, no logic of their own."""
