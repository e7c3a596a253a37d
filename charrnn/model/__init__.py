"""The network: its shape (``config``), its parameters (``parameters``) and its forward pass (``network``)."""
