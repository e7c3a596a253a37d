"""Engines under test: one file, one engine.

To add one, add a file that defines ``ENGINE`` (see ``contract.Engine``). Every benchmark finds it by its name.
"""
