"""What every client stands on: one way to send a request, one family of errors, one reader of the specs."""
