"""What a monitor of servers reads (Prometheus): counts kept here, figures of the fab that are at hand, scores of models."""
