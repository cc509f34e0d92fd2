"""What trained networks answer: on the test images, corrupted or not, and stage by stage."""
