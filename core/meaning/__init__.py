"""What a word means, as a vector, from a table that ships with the app."""
