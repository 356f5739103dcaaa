"""From samples to a table: percentiles, paired ratios with bootstrap intervals, quality beside them."""

import numpy as np

REPLICATES = 10_000
EQUAL_QUALITY = 0.005


class Stage:
    """Nanoseconds of one stage of one system, by query and round."""

    def __init__(self, by_query):
        self.samples = np.array(by_query, dtype=np.float64)
        self.typical = np.median(self.samples, axis=1)

    def percentile(self, share):
        # Nearest rank: a time that was seen.
        return float(np.percentile(self.samples, share, method="inverted_cdf")) / 1e6


def resampled(count, seed):
    return np.random.default_rng(seed).integers(0, count, (REPLICATES, count))


def ratio(ours, theirs, draws):
    """Ratio of the medians over queries of each query's median over rounds, with the 95% percentile
    interval of a bootstrap that draws queries, each with both of its times."""
    drawn = np.median(ours.typical[draws], axis=1) / np.median(theirs.typical[draws], axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"ratio": float(np.median(ours.typical) / np.median(theirs.typical)), "low": float(low), "high": float(high)}


def difference(ours, theirs, draws):
    by_query = np.array(ours) - np.array(theirs)
    low, high = np.percentile(by_query[draws].mean(axis=1), [2.5, 97.5])
    return {"difference": float(by_query.mean()), "low": float(low), "high": float(high)}


def ndcg(qrels, rankings):
    """nDCG@10 of every query, by ir_measures (trec_eval): 0 where nothing was found."""
    import ir_measures

    judged = [ir_measures.Qrel(query, document, grade) for query, of in qrels.items() for document, grade in of.items()]
    found = [
        ir_measures.ScoredDoc(query, document, -float(place))
        for query, documents in rankings.items() for place, document in enumerate(documents)
    ]
    values = dict.fromkeys(qrels, 0.0)
    if found:
        for metric in ir_measures.iter_calc([ir_measures.nDCG @ 10], judged, found):
            values[metric.query_id] = metric.value
    return list(values.values())


def summarise(system, qrels, answers, rankings):
    """A row of the table: `answers` is (total, embedding) nanoseconds by query, then round."""
    total = Stage([[a for a, _ in rounds] for rounds in answers])
    rest = Stage([[a - b for a, b in rounds] for rounds in answers])
    ranks = any(rankings.values())
    quality = ndcg(qrels, rankings) if ranks else None
    row = {
        "system": system["name"], "group": system["group"], "what": system["what"], "guidepost": system["ours"],
        "p50_ms": total.percentile(50), "p99_ms": total.percentile(99),
        "typical_ns": [round(value) for value in total.typical],
    }
    if quality is not None:
        row["ndcg_10"] = float(np.mean(quality))
    if system["group"] in ("dense", "whole"):
        row.update(rest_p50_ms=rest.percentile(50), rest_p99_ms=rest.percentile(99))
        row["rest_typical_ns"] = [round(value) for value in rest.typical]
    return row, {"total": total, "rest": rest, "quality": quality}


def compare(rows, stages, seed):
    """Every system of ours with every peer of its group; whole queries also without the embedding."""
    found = []
    for ours in (row for row in rows if row["guidepost"]):
        for theirs in (row for row in rows if row["group"] == ours["group"] and not row["guidepost"]):
            mine, other = stages[ours["system"]], stages[theirs["system"]]
            draws = resampled(len(mine["total"].typical), seed)
            parts = ["total"] + (["rest"] if ours["group"] == "whole" else [])
            for part in parts:
                entry = {"ours": ours["system"], "theirs": theirs["system"], "part": part, "group": ours["group"]}
                entry.update(ratio(mine[part], other[part], draws))
                if mine["quality"] and other["quality"]:
                    entry["quality"] = difference(mine["quality"], other["quality"], draws)
                    # Better is not unequal: it took no quality to be faster.
                    entry["equal_quality"] = entry["quality"]["difference"] >= -EQUAL_QUALITY
                found.append(entry)
    return found


def milliseconds(value):
    return "" if value is None else f"{value:.3f}"


def markdown(result):
    machine = result["machine"]
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, core {machine['core']} used, features: "
        f"{' '.join(machine['features']) or 'none of those that matter'}; Guidepost's kernels: {machine['kernel']}; "
        f"load average {machine['load_before'][0]:.1f} before and {machine['load_after'][0]:.1f} after. "
        f"{result['rounds']} rounds, seed {result['seed']}, commit {machine['commit']}.", "",
    ]
    for dataset in result["datasets"]:
        lines += [
            f"**{dataset['name']}**, {dataset['documents']} documents, {dataset['queries']} {dataset['split']} queries", "",
            "| | system | p50 ms | p99 ms | besides embedding p50 ms | nDCG@10 |", "|---|---|---:|---:|---:|---:|",
        ]
        for row in dataset["systems"]:
            name = f"**{row['system']}**" if row["guidepost"] else row["system"]
            quality = f"{row['ndcg_10']:.4f}" if "ndcg_10" in row else ""
            lines.append(
                f"| {row['group']} | {name} | {milliseconds(row['p50_ms'])} | {milliseconds(row['p99_ms'])} | "
                f"{milliseconds(row.get('rest_p50_ms'))} | {quality} |"
            )
        lines += [
            "", "| Guidepost | peer | part | time, Guidepost / peer | times faster | nDCG@10, Guidepost - peer |",
            "|---|---|---|---:|---:|---:|",
        ]
        for entry in dataset["comparisons"]:
            part = {"total": "all", "rest": "besides embedding"}[entry["part"]]
            quality = ""
            if "quality" in entry:
                value = entry["quality"]
                worse = "" if entry["equal_quality"] else " (worse)"
                quality = f"{value['difference']:+.4f} [{value['low']:+.4f}, {value['high']:+.4f}]{worse}"
            lines.append(
                f"| {entry['ours']} | {entry['theirs']} | {part} | {entry['ratio']:.3f} "
                f"[{entry['low']:.3f}, {entry['high']:.3f}] | {1 / entry['ratio']:.2f} | {quality} |"
            )
        lines.append("")
    return "\n".join(lines)
