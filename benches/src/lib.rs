//! Benchmarks of spinroute: one question a file.
