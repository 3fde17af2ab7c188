"""How residents write: each channel translates between its protocol and conversations."""
