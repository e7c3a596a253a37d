"""Drawing text: read a prefix, then read what was drawn and draw again, many characters in one compiled call."""
