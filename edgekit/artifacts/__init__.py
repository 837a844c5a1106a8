"""The values handed from one part to the next. Frozen, and free of behaviour."""
