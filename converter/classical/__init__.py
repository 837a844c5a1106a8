"""What needs no network: classical models trained on the user's data, for comparison."""
