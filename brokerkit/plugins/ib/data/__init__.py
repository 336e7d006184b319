"""The plugin's own instruments and currency pairs, as CSV files."""
