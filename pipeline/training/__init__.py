"""Training: hyperparameters, the tasks of a study, and how a worker runs them."""
