"""What can happen to a digit before a network sees it. No torch here."""
