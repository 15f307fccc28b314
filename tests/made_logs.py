"""Made logs whose truth is known."""

import numpy as np


def log_of(wafers, shift=None, spike=None, lot="L1", seconds=40, chambers=None):
    """A log of two steps a wafer at 10 Hz; `shift` = {wafer: (sensor, step, from_s, by)}, `chambers` = {wafer: chamber}."""
    rng = np.random.default_rng(11)
    lines = ["time,tool,chamber,lot,wafer,step,Pressure,Pressure_SP,Power,Flow,Temp"]
    for n, wafer in enumerate(wafers):
        for k in range(seconds * 10):
            second, step = k / 10, 1 + (k >= seconds * 5)
            values = {"Pressure": 10.0 * step, "Power": 300.0, "Flow": 50.0, "Temp": 400.0}
            values = {name: value + rng.normal(0, 0.01 * abs(value) ** 0.5) for name, value in values.items()}
            if shift and wafer in shift:
                sensor, where, since, by = shift[wafer]
                if step == where and second - (where - 1) * seconds / 2 >= since:
                    values[sensor] += by
            if spike and spike == (wafer, k):
                values["Power"] = 900.0
            at = f"2026-03-{1 + n // 24:02d}T{n % 24:02d}:{k // 600:02d}:{k // 10 % 60:02d}.{k % 10}00Z"
            cells = [f"{values[name]:.5f}" for name in ("Pressure", "Power", "Flow", "Temp")]
            chamber = (chambers or {}).get(wafer, "A")
            lines.append(f"{at},E1,{chamber},{lot},{wafer},{step},{cells[0]},{10 * step},{','.join(cells[1:])}")
    return "\n".join(lines) + "\n"
