"""What stages leave on disk: a module for each kind of output, its only reader and writer."""
