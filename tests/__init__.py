"""Tests are sentences; what they share stands beside them.

Two workers and the processes they start share the cores: threads of the engine and of the algebra that wait for each other
awake took a third of the processor time of what learns. Set here, because the libraries look when they are first imported.
"""

import os

for _threads in ("FABWATCH_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_threads, "1")
