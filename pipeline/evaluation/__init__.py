"""Evaluation of trained networks: on the test images, corrupted or not, and by linear probes."""
