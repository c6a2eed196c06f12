"""What the page of a proof is made of: the steps told one below the other, and where each leads."""
