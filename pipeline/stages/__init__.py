"""DVC's stages: one main() each, which connects the other packages."""
