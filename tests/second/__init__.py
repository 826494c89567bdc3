"""A second implementation of docs/specs/, and stores that it and the product must both read."""
