"""What trained networks answer: on the test images, disturbed or not, and stage by stage."""
