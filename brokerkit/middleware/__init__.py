"""What runs around hook calls: audit, read-only, risk limits, pacing."""
