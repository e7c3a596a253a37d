"""Drawing text: read a prefix, then draw a character and read it in turns, many in one compiled call."""
