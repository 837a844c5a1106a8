"""Emission: the bundle's files as text and bytes; nothing here touches the disk."""
