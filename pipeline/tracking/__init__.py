"""The only door to MLflow: a view of the study, which nothing waits for and nothing reads back."""
