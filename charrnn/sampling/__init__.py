"""Drawing text: read a prefix, then draw a character and read it, over and over, in compiled loops."""
