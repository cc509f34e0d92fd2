"""The network family: the words that describe it, its sizes, its layers, and LeNet-5 itself."""
