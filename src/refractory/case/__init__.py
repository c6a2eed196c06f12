"""The door: a case comes in as JSON or Turtle and leaves as facts; whatever else it says is refused."""
