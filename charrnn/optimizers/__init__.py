"""Optimizers: one file, one update rule on flat vectors.

To add an optimizer, add a file here that defines ``OPTIMIZER`` (see ``contract.UpdateRule``), and a test file.
``--optimizer`` lists it by the name of its file. ``optimizer`` puts a rule to work.
"""
