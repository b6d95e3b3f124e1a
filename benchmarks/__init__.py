"""How fast the service is, and beside what. `make bench` measures everything, prints it, and writes
`docs/benchmarks.json` and the page `docs/benchmarks.md`; `python -m benchmarks --help` names the parts.

It brings all it needs: a PostgreSQL of its own that keeps what it commits, generated data (`data`), the service as it
is deployed (`python -m api`, one web process, a real key, every right checked), and whoever asks it, in a process of
its own (`load`) over four connections. Nothing is left behind.

How to read it:

* **CPU time is the figure to trust.** It is read from the processes themselves, so a busy machine or a slow disk hardly
  changes it; requests a second and latencies stand beside it and are those of one machine that does everything at once.
* **Every ratio compares two sides of the same run.** Sides take turns in several rounds, there and back; a ratio is
  taken within each round, and its median over the rounds is reported.
* **The peer of a path is its SQL alone**, asked for over the same four connections by a bare client. What lies between
  the two is HTTP, the caller's key and rights, and Python. The peer of the daily pass is an UPDATE of the same rows.
* Goals in milliseconds count the web process alone. Ratios of data (ten times as much, page 1,000) and of the daily pass
  count PostgreSQL too, since that is where they would show. Only what other writers notice is told in waiting time.
* `surroundings` compares two servers that differ in the middleware alone, and two routes that do the same, one tried
  before all others and one after (`probe`).

CPU time is counted in hundredths of a second: with few `--requests` the figures are coarse. Two benchmarks on one
machine at a time spoil each other.
"""
