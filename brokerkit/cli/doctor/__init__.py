"""A broker's set-up, examined step by step: what holds, what fails, and what to do about it."""
