"""Learn from recorded traffic where operations and arguments are, and what answers are like."""
