SELECT row, step, tool, chamber, queue_h, process_min, age_h, age_wafers, qual FROM visits
