#!/usr/bin/env python3
"""Makes tests/data/eval/selective.json: figures on confidences and answers from other hands.

    pip install numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 transformers==4.57.6
    python scripts/eval/selective.py > tests/data/eval/selective.json

AUROC, Brier, isotonic recalibration and the bins of tie-free cases are scikit-learn's; F1 of
answers is SQuAD's as transformers ships it; AURC is the mean over topics, written out with numpy.
All data are drawn here, from one seed.
"""

import json

import numpy as np
from sklearn.calibration import calibration_curve
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import brier_score_loss, roc_auc_score
from transformers.data.metrics.squad_metrics import compute_f1

SEED = 20261201
BINS = 15


def case(generator, number):
    """Confidences with (even numbers) or without (odd numbers) ties, and outcomes."""
    n = BINS * int(generator.integers(1, 7)) if number % 2 else int(generator.integers(2, 90))
    confidences = generator.beta(1.5, 1.0, n)
    if number % 2 == 0:
        confidences = np.round(confidences, int(generator.integers(1, 3)))
    warp = generator.choice([0.5, 1.0, 2.0])
    outcomes = generator.random(n) < confidences**warp
    if outcomes.all() or not outcomes.any():
        outcomes[0] = not outcomes[0]
    return confidences, outcomes


def figures(confidences, outcomes, tie_free):
    recalibrated = IsotonicRegression().fit_transform(confidences, outcomes)
    base = np.full(len(outcomes), outcomes.mean())
    brier = brier_score_loss(outcomes, confidences)
    calibrated = brier_score_loss(outcomes, np.clip(recalibrated, 0, 1))
    uncertainty = brier_score_loss(outcomes, base)
    wrong = ~outcomes
    admitted = confidences[None, :] >= confidences[:, None]
    aurc = float(np.mean(admitted.astype(float) @ wrong / admitted.sum(axis=1)))
    oracle = np.cumsum(np.sort(wrong)) / np.arange(1, len(wrong) + 1)
    found = {
        "auroc": roc_auc_score(outcomes, confidences),
        "brier": brier,
        "reliability": brier - calibrated,
        "resolution": uncertainty - calibrated,
        "uncertainty": uncertainty,
        "aurc": aurc,
        "excess_aurc": aurc - float(oracle.mean()),
    }
    if tie_free:
        shares, means = calibration_curve(outcomes, confidences, n_bins=BINS, strategy="quantile")
        # Quantile bins of n = BINS * m forecasts without ties hold m each.
        found["ece"] = float(np.mean(np.abs(shares - means)))
        found["bins"] = [[float(m), float(s)] for m, s in zip(means, shares)]
    return {name: value if isinstance(value, list) else float(value) for name, value in found.items()}


WORDS = (
    "The the a an screening Screening results, letter. within 2 weeks (two) 50-71 don't GP's NHS "
    "mammogram; breast cancer! about every 3 years £9.50 'why' \"free\" x-ray and/or"
).split(" ")


def spans(generator):
    """Pairs of an answer and a label, with SQuAD's F1."""
    pairs = []
    for _ in range(60):
        label, answer = (
            " ".join(generator.choice(WORDS, int(generator.integers(1, 12)))) for _ in range(2)
        )
        if generator.random() < 0.1:
            answer = ""
        pairs.append({"label": label, "answer": answer, "f1": float(compute_f1(label, answer))})
    return pairs


def main():
    generator = np.random.default_rng(SEED)
    cases = []
    for number in range(60):
        confidences, outcomes = case(generator, number)
        cases.append(
            {
                "confidences": [float(c) for c in confidences],
                "outcomes": "".join("1" if o else "0" for o in outcomes),
                "expected": figures(confidences, outcomes, number % 2 == 1),
            }
        )
    lines = ",\n".join(json.dumps(c) for c in cases)
    pairs = ",\n".join(json.dumps(p, ensure_ascii=False) for p in spans(generator))
    print('{"cases": [\n%s\n],\n"spans": [\n%s\n]}' % (lines, pairs))


if __name__ == "__main__":
    main()
