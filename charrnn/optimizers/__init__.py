"""Optimizers: one file per update rule on flat vectors.

To add an optimizer, add a file here that defines ``OPTIMIZER`` (see ``contract.UpdateRule``), and a test file. The
file's name becomes the value of ``--optimizer``. ``optimizer`` applies a rule to a model's parameters.
"""
