//! How long does a system take, and is one slower than another?
//!
//! [`load`] asks a system, closed-loop, open-loop or cold; [`mod@paired`] asks two, interleaved topic
//! by topic in one process. Both return every [`samples::Sample`]; [`summary`] makes quantiles
//! with intervals of them, [`ratio`] tests one quantile of two systems against each other, and
//! [`mod@scaling`] says what more threads are worth.
//!
//! Invariants. Every request of a run is kept, in the order of the requests, the ones of the
//! warm-up rounds excepted. In an open loop latency counts from the moment at which the request
//! was due, not from the one at which the generator got round to sending it, so that a stall is
//! charged to every request it held up; G. Tene named the error of not doing so "coordinated
//! omission" (How NOT to Measure Latency, 2013; wrk2, 2014). All that reads time reads a [`Clock`],
//! so that the same code is exact under a [`VirtualClock`].
//!
//! Not known here: engines (a system is a closure), texts of topics (they are numbers and ids) and
//! verdicts (whoever calls decides what a p means, and at which level).

pub mod clock;
pub mod error;
pub mod load;
pub mod paired;
pub mod ratio;
pub mod samples;
pub mod scaling;
pub mod summary;

pub use clock::{Clock, RealClock, VirtualClock};
pub use error::LatencyError;
pub use load::{
    ClosedOptions, ColdOptions, OpenOptions, RequestRate, Schedule, System, closed, cold, open,
};
pub use paired::{PairOptions, PairedSamples, paired};
pub use ratio::{Outcomes, RatioOptions, RatioTest, outcomes, quantile_ratio_test};
pub use samples::{Load, LoadKind, Sample, Samples, StageTimes};
pub use scaling::{Scaling, ScalingOptions, scaling, throughput};
pub use summary::{histogram, summarise, write_percentiles};

/// The rank, counted from 1 at the smallest, of the `share` quantile among `count` values: the
/// smallest value that at least `share` of them do not exceed (Hyndman and Fan, 1996, type 1; as
/// `hdrhistogram` counts). 1 at least, `count` at most; 0 where there is no value.
///
/// A product that misses a whole number by rounding only counts as that number.
pub(crate) fn nearest_rank(share: f64, count: usize) -> usize {
    const ROUNDING: f64 = 1e-9;
    let rank = (share * count as f64 - ROUNDING).ceil().max(1.0);
    #[expect(clippy::cast_sign_loss, reason = "at least 1")]
    let rank = rank as usize;
    rank.min(count)
}

#[cfg(test)]
mod tests {
    use super::nearest_rank;

    #[test]
    fn ranks_do_not_suffer_from_rounding() {
        // .07 * 100 and .29 * 100 are a little more and a little less than whole.
        for (share, count, rank) in [
            (0.99, 500, 495),
            (0.07, 100, 7),
            (0.29, 100, 29),
            (0.0, 10, 1),
            (1.0, 10, 10),
            (0.5, 0, 0),
            (0.99, 3, 3),
            (0.5, 3, 2),
        ] {
            assert_eq!(nearest_rank(share, count), rank, "{share} of {count}");
        }
    }
}
