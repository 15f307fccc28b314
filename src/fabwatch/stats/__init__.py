"""Pure mathematics: arrays in, numbers out; every function cites its source."""
