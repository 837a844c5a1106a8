"""Pages about codes: what an error or a note means, why it matters, what to do."""
