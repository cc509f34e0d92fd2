"""Cells and what happens to them: training, evaluation, the result cache and the workers."""
