"""What people run beside DVC's stages: one short main() each."""
