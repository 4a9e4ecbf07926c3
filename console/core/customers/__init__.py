"""Customers and their loans: reading files, putting them in order, finding people again."""
