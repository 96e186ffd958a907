"""What each type of API sends and wants back."""
