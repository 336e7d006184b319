"""The instruments that ship with the plugin, as CSV files."""
