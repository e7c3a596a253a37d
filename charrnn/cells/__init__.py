"""Recurrent cells: one file per cell.

To add a cell, add a file here that defines ``CELL`` (see ``contract.Cell``), and a test file. The file's name becomes
the value of ``--cell``.
"""
