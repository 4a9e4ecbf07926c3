"""Qt that all screens share."""
