"""Formats in which other programs read a model: one file or folder here is one target of ``charrnn export``.

To add a target, add a file that defines ``ABOUT`` and ``TARGET`` (see ``contract``), or name such a module in the entry
points ``charrnn.exports`` of another package.
"""
