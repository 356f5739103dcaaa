#!/usr/bin/env python3
"""Makes tests/data/eval/certificate.json: what other hands say of certificates.

    pip install mapie==1.5.0 numpy==2.4.6 scipy==1.17.1 mpmath==1.3.0
    python scripts/eval/parity_ltt.py > tests/data/eval/certificate.json

- `binomial`: tails and one-sided limits by scipy, and to many digits by mpmath.
- `learn_then_test`: MAPIE's p-values with `binary=True` at each threshold of drawn outcomes, and
  what its fixed-sequence testing rejects from one, two and four starts.
- `rounding`: counts of which MAPIE multiplies n by k / n, rounds up and arrives at k + 1: there its
  p-value is that of one error more.
- `jumper`: MAPIE's simple jumper martingale over drawn p-values.

All data are drawn here, from one seed.
"""

import json
import warnings

import mapie
import mpmath
import numpy as np
import scipy
from mapie.exchangeability_testing.martingales import OnlineMartingaleTest
from mapie.risk_control.fwer_control import FWERFixedSequenceTesting, control_fwer
from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value
from scipy import stats

SEED = 20261208
mpmath.mp.dps = 60
warnings.simplefilter("ignore")


def tail_mp(k, n, p):
    """P(X <= k) of Binomial(n, p), summed to many digits."""
    p = mpmath.mpf(p)
    term = total = (1 - p) ** n
    for i in range(k):
        term *= p / (1 - p) * (n - i) / (i + 1)
        total += term
    return total


def limit_mp(k, n, tail):
    """The p at which P(X <= k) is `tail`, to many digits."""
    low, high = mpmath.mpf(0), mpmath.mpf(1)
    for _ in range(160):
        middle = (low + high) / 2
        low, high = (middle, high) if tail_mp(k, n, middle) > tail else (low, middle)
    return (low + high) / 2


def binomial():
    """Tails and one-sided limits."""
    tails = []
    for alpha in (0.01, 0.02, 0.05, 0.1, 0.25):
        for n in (1, 20, 58, 59, 93, 149, 600, 2500):
            for factor in (0.0, 0.3, 0.8, 1.1):
                k = min(n, int(factor * n * alpha))
                exact = tail_mp(k, n, alpha)
                if exact > mpmath.mpf(10) ** -300:
                    tails.append([k, n, alpha, float(stats.binom.cdf(k, n, alpha)), float(exact)])
    limits = []
    for n in (1, 40, 59, 140, 600, 1500):
        for share in (0.0, 0.02, 0.06, 0.5):
            for delta in (0.05, 0.05 / 3, 0.05 / 4, 0.001):
                k = int(share * n)
                upper = limit_mp(k, n, mpmath.mpf(delta))
                # P(X >= k) at p is P(X <= n - k) at 1 - p.
                lower = 1 - limit_mp(n - k, n, mpmath.mpf(delta)) if k > 0 else mpmath.mpf(0)
                limits.append([
                    k, n, delta,
                    float(stats.beta.ppf(delta, k, n - k + 1)) if k > 0 else 0.0, float(lower),
                    float(stats.beta.isf(delta, k + 1, n - k)), float(upper),
                ])
    return {"tails": tails, "limits": limits}


def rounds_up(n, k):
    """Whether MAPIE's count of errors is k + 1."""
    return k > 0 and np.ceil(n * (k / n)) > k


def learn_then_test(generator):
    """p-values and rejections of drawn outcomes."""
    cases = []
    for families, alpha, delta, hardness in [
        (300, 0.05, 0.05, 0.03),
        (600, 0.05, 0.05, 0.08),
        (600, 0.1, 0.05, 0.2),
        (400, 0.2, 0.1, 0.5),
        (250, 0.05, 0.05, 1.5),
    ]:
        confidence = np.round(generator.random(families), 3)
        loss = generator.random(families) < hardness * (1 - confidence)
        grid = np.unique(np.round(0.75 * generator.random(30), 2))[::-1]
        answered = np.array([int(np.sum(confidence >= t)) for t in grid])
        errors = np.array([int(np.sum(loss[confidence >= t])) for t in grid])
        fits = [n > 0 and not rounds_up(n, k) for n, k in zip(answered, errors)]
        grid, answered, errors = grid[fits], answered[fits], errors[fits]
        p = compute_hoeffding_bentkus_p_value(errors / answered, answered, alpha, True)[:, 0]
        rejected = {}
        for starts in (1, 2, 4):
            method = FWERFixedSequenceTesting(n_starts=starts)
            rejected[starts] = sorted(control_fwer(p, delta, fwer_method=method).tolist())
        cases.append({
            "alpha": alpha, "delta": delta,
            "confidence": confidence.tolist(), "loss": loss.tolist(), "grid": grid.tolist(),
            "answered": answered.tolist(), "errors": errors.tolist(), "p": p.tolist(),
            "rejected": rejected,
        })
    return cases


def rounding():
    """Counts whose p-value in MAPIE is that of one error more."""
    rows = []
    for n in range(59, 1200):
        for k in range(1, n // 10):
            if rounds_up(n, k):
                risk = np.array([k / n])
                p = compute_hoeffding_bentkus_p_value(risk, np.array([n]), 0.05, True)
                rows.append([k, n, 0.05, float(p[0, 0])])
    return rows[:: max(1, len(rows) // 20)]


def jumper(generator):
    """Values of the simple jumper martingale."""
    p = np.concatenate([generator.random(60), generator.beta(2.0, 1.0, 60)])
    test = OnlineMartingaleTest(jump_size=0.01)
    return {"p": p.tolist(), "wealth": [test.update_simple_jumper_martingale(float(v)) for v in p]}


def main():
    """Prints the fixture."""
    generator = np.random.default_rng(SEED)
    fixture = {
        "made_with": {
            "mapie": mapie.__version__, "numpy": np.__version__,
            "scipy": scipy.__version__, "mpmath": mpmath.__version__,
        },
        "binomial": binomial(),
        "learn_then_test": learn_then_test(generator),
        "rounding": rounding(),
        "jumper": jumper(generator),
    }
    print(json.dumps(fixture, separators=(",", ":")))


if __name__ == "__main__":
    main()
