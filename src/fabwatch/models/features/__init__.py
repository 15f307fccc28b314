"""One wide table of everything that was known of each wafer or lot before its test, to train models on."""
