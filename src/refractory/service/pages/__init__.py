"""What the page for people is made of: the form, the case that it carries, the cards, and what changed in them."""
