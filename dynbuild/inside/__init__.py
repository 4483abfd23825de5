"""What is installed: packages, as the files that managers leave in layers name them."""
