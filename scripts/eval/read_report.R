# Means and paired t-tests over families from a per-topic CSV. Base R only.
# Rscript read_report.R per-topic.csv.gz [BASELINE]   (the first system is the baseline, if none is named)
args <- commandArgs(trailingOnly = TRUE)
rows <- read.csv(args[1], colClasses = c(topic = "character", family = "character"))
baseline <- if (length(args) > 1) args[2] else rows$system[1]
rows <- rows[!is.na(rows$value), ]
in_order <- function(texts) sort(unique(texts), method = "radix")
for (dataset in in_order(rows$dataset)) for (measure in in_order(rows$measure)) {
  here <- rows[rows$dataset == dataset & rows$measure == measure, ]
  families <- function(of) with(here[here$system == of, ], tapply(value, family, mean))
  a <- families(baseline)
  for (system in in_order(here$system)) {
    values <- here$value[here$system == system]
    cat(sprintf("%s\t%s\t%s\tmean %.6f\tn %d", dataset, measure, system, mean(values), length(values)))
    b <- families(system)
    d <- b[intersect(names(b), names(a))] - a[intersect(names(b), names(a))]
    if (system != baseline && length(d) > 1 && sd(d) > 0)
      with(t.test(d), cat(sprintf("\tt %.6f\tdf %d\tp %.6f", statistic, parameter, p.value)))
    cat("\n")
  }
}
