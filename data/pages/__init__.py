"""What the pages about images share: the head of each, and how their templates are filled in."""
