"""MNIST: where it comes from, how it is read and split."""
