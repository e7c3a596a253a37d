"""What every kind of model provides (``kind``, ``contract``), what its config holds, and how a kind is found.

The kinds themselves are the folders of ``charrnn.models``, and what other packages add.
"""
