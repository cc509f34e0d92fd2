"""MNIST: where it comes from, how it is read and split, and where finished work is kept."""
