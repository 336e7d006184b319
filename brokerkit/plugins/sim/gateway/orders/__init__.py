"""Orders as a gateway keeps them: ids by client, terms as they were sent, states as the exchange reports them."""
