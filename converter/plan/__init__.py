"""Memory planning: lifetimes, placement, an independent check, pictures, and the fit question."""
