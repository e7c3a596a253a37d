"""One file, one tool that learns a text for some minutes."""
