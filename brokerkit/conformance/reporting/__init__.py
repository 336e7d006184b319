"""What a run found, and the forms it is told in: terminal, JSON, page, badge, table of brokers."""
