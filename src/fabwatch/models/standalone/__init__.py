"""What goes out with an exported model: it needs numpy and onnxruntime, and nothing of fabwatch."""
