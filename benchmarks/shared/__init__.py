"""What the benchmarks have in common: shapes, the machine, fresh processes that take turns, tables and JSON."""
