"""Call logs in: readers, fits, replay, backtest."""
