"""What is done with the architectures that a search found."""
