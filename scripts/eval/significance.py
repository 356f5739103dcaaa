#!/usr/bin/env python3
"""Makes tests/data/eval/significance.json: statistics from other hands.

    pip install numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0 krippendorff==0.9.0 mpmath==1.3.0
    python scripts/eval/significance.py > tests/data/eval/significance.json

Distribution functions, tests, exact binomial limits and BCa intervals (with the replicates they
were made from) are scipy's, noncentral t and beta tails far out mpmath's; Holm, power, two
one-sided tests and kappa are statsmodels'; alpha is krippendorff's. All data are drawn here, from
one seed. Families: the tests get one number for each, its sum over the mean size.
"""

import json
import warnings

import krippendorff
import mpmath
import numpy as np
from scipy import optimize, stats
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower
from statsmodels.stats.weightstats import ttost_paired

SEED = 20261124
mpmath.mp.dps = 40
warnings.simplefilter("ignore")


def beta_mp(a, b, x):
    """Lower tail of Beta(a, b) at x by a series without negative terms, to many digits."""
    a, b, x = mpmath.mpf(a), mpmath.mpf(b), mpmath.mpf(x)
    if x > a / (a + b):
        return 1 - beta_mp(b, a, 1 - x)
    term = total = mpmath.mpf(1)
    step = 0
    while term > total * mpmath.mpf(10) ** -30:
        term *= x * (a + b + step) / (a + 1 + step)
        total += term
        step += 1
    logarithm = mpmath.loggamma(a + b) - mpmath.loggamma(a) - mpmath.loggamma(b)
    return total / a * mpmath.exp(logarithm + a * mpmath.log(x) + b * mpmath.log(1 - x))


def noncentral_mp(t, degrees, shift):
    """P(T <= t) of the noncentral t as an integral over the chi density, to many digits."""
    t, v, d = mpmath.mpf(t), mpmath.mpf(degrees), mpmath.mpf(shift)
    constant = mpmath.log(2) + v / 2 * mpmath.log(v / 2) - mpmath.loggamma(v / 2)

    def integrand(s):
        return mpmath.exp(constant + (v - 1) * mpmath.log(s) - v * s * s / 2) * mpmath.ncdf(t * s - d)

    sd = 1 / mpmath.sqrt(2 * v)
    ends = [mpmath.mpf(0), max(1 - 14 * sd, 0)] + [1 + k * sd for k in (-7, -3, 0, 3, 7, 14)]
    if t != 0:
        ends += [(d + z) / t for z in (-9, -3, 0, 3, 9)]
    ends = sorted({e for e in ends if 0 <= e <= 1 + 14 * sd})
    return float(mpmath.quad(integrand, ends))


def special(generator):
    """Arguments and values of distribution functions."""
    normal = [float(z) for z in np.concatenate([generator.normal(size=20), [-8.0, -4.0, 0.0, 6.5]])]
    shares = [1e-12, 1e-6, 0.001, 0.025, 0.05, 0.3, 0.5, 0.77, 0.975, 0.999999]
    beta = []
    for number in range(120):
        a, b = (10 ** generator.uniform(-0.3, 5.3, 2)).tolist()
        if number % 3 == 0:
            a, b = float(generator.integers(1, 200)) / 2, 0.5
        x = float(stats.beta.ppf(generator.uniform(0.001, 0.999), a, b))
        if 0.0 < x < 1.0:
            beta.append([a, b, x, float(beta_mp(a, b, x))])
    student = []
    for degrees in (1, 2, 5, 19, 99, 999, 20000):
        for t in (0.0, 0.3, 1.96, 4.0, 12.0):
            student.append([t, degrees, float(stats.t.sf(t, degrees))])
        for p in (0.4, 0.025, 0.001):
            student.append([float(stats.t.isf(p, degrees)), degrees, p])
    noncentral = []
    for degrees in (1, 3, 9, 49, 299, 4999):
        for shift in (-3.0, 0.0, 0.7, 2.8, 9.0, 45.0):
            for factor in (0.6, 1.0, 1.3):
                t = factor * shift + (1.0 if factor > 1 else 0.0)
                noncentral.append([t, degrees, shift, noncentral_mp(t, degrees, shift)])
    return {
        "normal": [[z, float(stats.norm.cdf(z))] for z in normal],
        "normal_quantile": [[p, float(stats.norm.ppf(p))] for p in shares],
        "beta": beta,
        "student": student,
        "noncentral": noncentral,
    }


def binomial(generator):
    """Exact and score intervals of shares, tails, and intervals of quantiles."""
    shares = []
    for k, n in [(0, 1), (0, 30), (1, 1), (3, 10), (149, 149), (5, 500), (40, 41), (17, 100000)]:
        for level in (0.9, 0.95, 0.99):
            test = stats.binomtest(k, n)
            score = test.proportion_ci(level, "wilson")
            # proportion_ci's exact limits are good to nine digits only.
            low = stats.beta.ppf((1 - level) / 2, k, n - k + 1) if k > 0 else 0.0
            high = stats.beta.isf((1 - level) / 2, k + 1, n - k) if k < n else 1.0
            shares.append([k, n, level, float(low), float(high), score.low, score.high])
    tails = []
    for _ in range(40):
        n = int(10 ** generator.uniform(0, 5))
        p = float(generator.uniform(0.001, 0.999))
        k = int(stats.binom.ppf(generator.uniform(), n, p))
        tails.append([k, n, p, float(stats.binom.cdf(k, n, p)), float(stats.binom.sf(k - 1, n, p))])
    limits = [
        [n, p, level, int(stats.binom.ppf(level, n, p))]
        for n in (1, 20, 500)
        for p in (0.01, 0.05, 0.5)
        for level in (0.5, 0.95, 0.99)
    ]
    quantiles = []
    for n in (5, 6, 40, 400, 3000):
        for q in (0.5, 0.9, 0.99):
            for level in (0.9, 0.95):
                sample = np.arange(1.0, n + 1)
                interval = stats.quantile_test(sample, q=0, p=q).confidence_interval(level)
                ends = [None if np.isnan(end) else float(end) for end in interval]
                quantiles.append([n, q, level, *ends])
    return {"shares": shares, "tails": tails, "limits": limits, "quantiles": quantiles}


def holm(generator):
    """p-values and what Holm makes of them."""
    cases = []
    for m in (1, 2, 5, 12):
        p = np.round(generator.beta(0.4, 2.0, m), 3)
        cases.append([p.tolist(), multipletests(p, method="holm")[1].tolist()])
    return cases


def values(generator, kind, n):
    """Per-topic values of two systems."""
    if kind == "normal":
        baseline = generator.normal(0.5, 0.2, n)
        return baseline, baseline + generator.normal(0.03, 0.1, n)
    if kind == "ranks":
        steps = np.array([0.0, 0.25, 0.5, 1.0])
        return generator.choice(steps, n), generator.choice(steps, n, p=[0.2, 0.2, 0.2, 0.4])
    baseline = np.round(generator.beta(2, 2, n), 2)
    moved = generator.random(n) < 0.4
    return baseline, np.clip(baseline + moved * np.round(generator.normal(0.05, 0.2, n), 2), 0, 1)


def hall(sample):
    """Hall's (1992) transformation of t."""
    n, s = len(sample), np.std(sample, ddof=1)
    u, skewness = np.mean(sample) / s, stats.moment(sample, 3) / s**3
    curved = u + skewness * u**2 / 3 + skewness**2 * u**3 / 27
    return np.sqrt(n) * (curved + skewness / (6 * n))


def standardised(t, n, level):
    """Interval of mean / deviation by the noncentral t."""
    tail = (1 - level) / 2
    # scipy's tails far out are not numbers.
    below = lambda d: np.nan_to_num(stats.nct.cdf(t, n - 1, d)) - tail
    above = lambda d: np.nan_to_num(stats.nct.sf(t, n - 1, d)) - tail
    low = optimize.brentq(above, t - 12, t + 12, xtol=1e-13)
    high = optimize.brentq(below, t - 12, t + 12, xtol=1e-13)
    return [low / np.sqrt(n), high / np.sqrt(n)]


def paired(generator):
    """Pairs of systems and what the tests say."""
    cases = []
    for number in range(30):
        kind = ("normal", "ranks", "sparse")[number % 3]
        n = int(generator.integers(5, 13)) if number < 15 else int(generator.integers(20, 300))
        topics = n if number % 2 == 0 else int(1.6 * n)
        families = np.concatenate([np.arange(n), generator.integers(0, n, topics - n)])
        baseline, system = values(generator, kind, topics)
        # What is equal but for rounding is equal; scipy takes it as it comes.
        sums = np.round(np.bincount(families, system - baseline), 12)
        numbers = sums * n / topics
        test = stats.ttest_1samp(numbers, 0)
        case = {
            "families": families.tolist(),
            "baseline": baseline.tolist(),
            "system": system.tolist(),
            "difference": float(np.mean(system - baseline)),
            "deviation": float(np.std(numbers, ddof=1)),
            "t": [float(test.statistic), float(test.pvalue)],
            "effect": standardised(float(test.statistic), n, 0.95),
        }
        nonzero = np.abs(sums[sums != 0])
        tied = len(np.unique(nonzero)) < len(nonzero)
        # scipy's exact distribution knows no ties; its exhaustive permutations do.
        method = "exact" if not tied and len(nonzero) <= 50 else "asymptotic"
        if len(nonzero) <= 12:
            method = stats.PermutationMethod(n_resamples=np.inf)
        case["wilcoxon"] = None
        if len(nonzero) > 1 and (method != "asymptotic" or len(nonzero) > 100):
            signed = stats.wilcoxon(sums[sums != 0], method=method, correction=False)
            case["wilcoxon"] = [float(signed.statistic), float(signed.pvalue)]
        case["randomisation"] = None
        if n <= 13:
            flips = stats.permutation_test(
                (sums,), np.mean, permutation_type="samples", n_resamples=np.inf
            )
            case["randomisation"] = float(flips.pvalue)
        margin = 0.05
        weights = np.bincount(families) * n / topics
        p, lower, upper = ttost_paired(numbers + margin * (weights - 1), np.zeros(n), -margin, margin)
        _, _, other = ttost_paired(numbers - margin * (weights - 1), np.zeros(n), -margin, margin)
        case["margin"] = [margin, float(lower[1]), float(other[1])]
        case["skewness_corrected"] = [
            float(stats.t.sf(hall(numbers + margin * weights), n - 1)),
            float(stats.t.cdf(hall(numbers - margin * weights), n - 1)),
        ]
        cases.append(case)
    return cases


def detectable(n, level, wanted, alternative):
    """Effect size with the power wanted. statsmodels' own solver stops early or fails where
    scipy's lower tail is not a number; that tail counts as 0 here."""
    sides = 2 if alternative == "two-sided" else 1
    critical = stats.t.isf(level / sides, n - 1)

    def excess(effect):
        shift = effect * np.sqrt(n)
        far = np.nan_to_num(stats.nct.cdf(-critical, n - 1, shift)) if sides == 2 else 0.0
        return stats.nct.sf(critical, n - 1, shift) + far - wanted

    return optimize.brentq(excess, 1e-3, 30.0 / np.sqrt(n) + 1.0, xtol=1e-14)


def power():
    """Power and detectable differences of the paired t test."""
    deviation, solver = 0.25, TTestPower()
    cases = []
    for n in (5, 20, 60, 200, 1000):
        for level in (0.05, 0.01):
            for wanted in (0.5, 0.8, 0.95):
                effect = detectable(n, level, wanted, "two-sided")
                margin = detectable(n, level, wanted, "larger")
                at = float(solver.power(0.03 / deviation, n, level, alternative="two-sided"))
                cases.append([deviation, n, level, wanted, effect * deviation, margin * deviation, at])
    return cases


def ratio(first, second, axis=-1):
    """A figure that is neither linear nor symmetric."""
    return np.sum(first * second, axis=axis) / np.sum(second, axis=axis)


def bca(generator):
    """Data, replicates and the interval that scipy makes of them."""
    cases = []
    for name, n in [("mean", 12), ("mean", 60), ("ratio", 25), ("ratio", 80)]:
        first, second = np.round(generator.beta(1, 3, n), 4), np.round(generator.gamma(1, 1, n), 4)
        data = (first,) if name == "mean" else (first, second)
        statistic = np.mean if name == "mean" else ratio
        result = stats.bootstrap(
            data, statistic, n_resamples=400, paired=name != "mean", vectorized=True,
            confidence_level=0.9, method="BCa", rng=generator,
        )
        cases.append({
            "figure": name,
            "first": first.tolist(),
            "second": second.tolist(),
            "replicates": result.bootstrap_distribution.tolist(),
            "level": 0.9,
            "interval": [float(end) for end in result.confidence_interval],
        })
    return cases


def agreement(generator):
    """Labels of several hands and their agreement."""
    kappas = []
    for n, labels, noise in [(20, 2, 0.2), (50, 3, 0.3), (200, 6, 0.5)]:
        first = generator.integers(0, labels, n)
        second = np.where(generator.random(n) < noise, generator.integers(0, labels, n), first)
        table = np.zeros((labels, labels))
        np.add.at(table, (first, second), 1)
        result = cohens_kappa(table)
        kappas.append([first.tolist(), second.tolist(), result.kappa, result.std_kappa])
    alphas = []
    for hands, n, missing in [(2, 15, 0.0), (3, 40, 0.2), (5, 60, 0.4)]:
        truth = generator.integers(0, 5, n)
        given = np.clip(truth + generator.integers(-1, 2, (hands, n)), 0, 4).astype(float) * 1.5
        given[generator.random((hands, n)) < missing] = np.nan
        value = {
            distance: krippendorff.alpha(given, level_of_measurement=distance)
            for distance in ("nominal", "ordinal", "interval")
        }
        rows = [[None if np.isnan(label) else float(label) for label in row] for row in given]
        alphas.append({"labels": rows, **{k: float(v) for k, v in value.items()}})
    return {"kappas": kappas, "alphas": alphas}


def main():
    """Prints the fixture."""
    generator = np.random.default_rng(SEED)
    fixture = {
        "special": special(generator),
        "binomial": binomial(generator),
        "holm": holm(generator),
        "paired": paired(generator),
        "power": power(),
        "bca": bca(generator),
        "agreement": agreement(generator),
    }
    print(json.dumps(fixture, separators=(",", ":")))


if __name__ == "__main__":
    main()
