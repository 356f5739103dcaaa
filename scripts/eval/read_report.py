"""Means and paired t-tests over families from a per-topic CSV. Python's own library only.
python3 read_report.py per-topic.csv.gz [BASELINE]   (the first system is the baseline, if none is named)"""
import csv, gzip, sys
from math import atan, cos, exp, lgamma, pi, sqrt
from statistics import fmean, stdev
cells = {}
reader = gzip.open if sys.argv[1].endswith(".gz") else open
for row in csv.DictReader(reader(sys.argv[1], "rt", encoding="utf-8", newline="")):
    families = cells.setdefault((row["dataset"], row["measure"], row["system"]), {})
    families.setdefault(row["family"], []).extend(map(float, filter(None, [row["value"]])))
baseline = sys.argv[2] if len(sys.argv) > 2 else next(iter(cells))[2]
def p_of_t(t, df):  # both tails by Simpson's rule; x = sqrt(df) tan(u) makes the density cos(u)^(df-1)
    low, step = atan(abs(t) / sqrt(df)), (pi / 2 - atan(abs(t) / sqrt(df))) / 20000
    y = [cos(low + i * step) ** (df - 1) for i in range(20001)]
    area = (y[0] + y[-1] + 4 * sum(y[1::2]) + 2 * sum(y[2:-1:2])) * step / 3
    return 2 * area * exp(lgamma((df + 1) / 2) - lgamma(df / 2)) / sqrt(pi)
for (dataset, measure, system), b in sorted(cells.items()):
    a, values = cells.get((dataset, measure, baseline), {}), [v for f in b.values() for v in f]
    line = f"{dataset}\t{measure}\t{system}\tmean {fmean(values):.6f}\tn {len(values)}" if values else ""
    d = [fmean(b[f]) - fmean(a[f]) for f in b if b[f] and a.get(f)]
    if system != baseline and len(d) > 1 and stdev(d) > 0:
        t, df = fmean(d) / (stdev(d) / sqrt(len(d))), len(d) - 1
        line += f"\tt {t:.6f}\tdf {df}\tp {p_of_t(t, df):.6f}"
    print(line, end="\n" if line else "")
