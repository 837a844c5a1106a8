"""A network over a window of time steps becomes one that takes only the new ones."""
