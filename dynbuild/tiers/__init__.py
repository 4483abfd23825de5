"""Stores of realizations: records of steps, and the blobs that they name."""
