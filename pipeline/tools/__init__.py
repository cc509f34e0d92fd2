"""The commands that are not stages of DVC: one main() each."""
