"""checksig side by side with other ways to do the same: ``make bench``.

``python -m benches --help`` says how to run a part. What a run finds is in
``docs/benchmarks.md``, which it writes.
"""
