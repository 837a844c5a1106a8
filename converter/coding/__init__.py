"""Weights stored in fewer bytes than they have, without losing one: coders, and where they pay."""
