"""Code that the commands share: the group that finds them, options, errors, output."""
