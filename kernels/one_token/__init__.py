"""One token through a layer: products of one vector with a matrix, and what lies between them."""
