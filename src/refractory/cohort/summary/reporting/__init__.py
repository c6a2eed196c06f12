"""The parts of a report: what is shown, the pictures, and how they are drawn."""
