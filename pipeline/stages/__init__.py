"""DVC's stages: one short main() each, no logic of their own."""
