"""Where the fab lives: a lake of Parquet files with a catalog, written in transactions and read in snapshots."""
