"""The gateway's orders: ids by client, terms as sent, states as reported by the exchange."""
