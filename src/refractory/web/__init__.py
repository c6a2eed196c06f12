"""What every page has in common: the frame around it, its looks, and how it is written."""
