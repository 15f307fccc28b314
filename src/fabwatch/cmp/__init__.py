"""How long do we polish? Polish times, the removal rates behind them, and how both perform on past wafers."""
