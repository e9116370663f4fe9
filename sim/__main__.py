"""`python -m sim` is `ccsim`."""

from sim.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
