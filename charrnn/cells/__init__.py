"""Recurrent cells: one file, one cell.

To add a cell, add a file here that defines ``CELL`` (see ``contract.Cell``), and a test file. ``--cell`` lists it by
the name of its file.
"""
