"""What we say to people, as words in their language."""
