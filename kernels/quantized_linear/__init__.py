"""A linear layer whose weights are stored in a few bits each, with scales; inputs and sums stay as they are."""
