"""What changed between two states of the knowledge: in its files, in the answers, and what that asks of versions."""
