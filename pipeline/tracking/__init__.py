"""MLflow, used here alone: a view of the study, which nothing waits for and nothing reads back."""
