"""The contracts of the exchange under the names that IB gives such things."""
