"""The plugins that come with brokerkit. None of them imports another."""
