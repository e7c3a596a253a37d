"""The interfaces of kinds of models (``kind``, ``contract``), their configs, and the lookup of kinds by name.

The kinds themselves are the folders of ``charrnn.models``, and kinds of other packages.
"""
