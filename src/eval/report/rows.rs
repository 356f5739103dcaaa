//! One row for each value of each topic, for other people's statistics.
//!
//! Long form, RFC 4180: `dataset,system,measure,seed,topic,family,value`. Values are written as
//! the shortest decimal that reads back as the same double; an undefined value is an empty field,
//! which R reads as `NA`. Knows nothing of what is measured.

use std::fmt::Write as _;
use std::io;

/// Heads of the columns, in order.
const HEADER: &str = "dataset,system,measure,seed,topic,family,value\n";

/// A measure of one system on one topic.
#[derive(Debug, Clone, PartialEq)]
pub struct PerTopicRow {
    /// Dataset.
    pub dataset: String,
    /// System.
    pub system: String,
    /// Measure, as it prints.
    pub measure: String,
    /// Seed of the run.
    pub seed: u64,
    /// Topic, keyed where the set is sensitive.
    pub topic: String,
    /// Family, keyed where the set is sensitive: the independent unit.
    pub family: String,
    /// Value; not a number where it is undefined.
    pub value: f64,
}

/// The rows as CSV, in the order given.
pub fn per_topic_csv(rows: &[PerTopicRow]) -> String {
    let mut csv = String::with_capacity(HEADER.len() + rows.len() * 64);
    csv.push_str(HEADER);
    for row in rows {
        push_row(&mut csv, row);
    }
    csv
}

/// Writes the rows as CSV, in the order given, holding one row at a time.
///
/// # Errors
/// When `out` cannot be written.
pub fn write_per_topic_csv<'a>(
    rows: impl IntoIterator<Item = &'a PerTopicRow>,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    out.write_all(HEADER.as_bytes())?;
    let mut line = String::new();
    for row in rows {
        line.clear();
        push_row(&mut line, row);
        out.write_all(line.as_bytes())?;
    }
    Ok(())
}

fn push_row(csv: &mut String, row: &PerTopicRow) {
    for text in [&row.dataset, &row.system, &row.measure] {
        push_field(csv, text);
        csv.push(',');
    }
    // Writing to a string cannot fail.
    let _ = write!(csv, "{},", row.seed);
    for text in [&row.topic, &row.family] {
        push_field(csv, text);
        csv.push(',');
    }
    if row.value.is_finite() {
        let _ = write!(csv, "{}", row.value);
    }
    csv.push('\n');
}

fn push_field(csv: &mut String, text: &str) {
    if text.contains([',', '"', '\n', '\r']) {
        csv.push('"');
        csv.push_str(&text.replace('"', "\"\""));
        csv.push('"');
    } else {
        csv.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn row(topic: &str, measure: &str, value: f64) -> PerTopicRow {
        PerTopicRow {
            dataset: "dev".to_owned(),
            system: "bm25f".to_owned(),
            measure: measure.to_owned(),
            seed: 7,
            topic: topic.to_owned(),
            family: topic.to_owned(),
            value,
        }
    }

    #[test]
    fn columns_stand_in_the_documented_order() {
        assert_eq!(
            per_topic_csv(&[row("q1", "nDCG@10", 0.5)]),
            "dataset,system,measure,seed,topic,family,value\ndev,bm25f,nDCG@10,7,q1,q1,0.5\n"
        );
    }

    #[test]
    fn an_undefined_value_is_an_empty_field() {
        let csv = per_topic_csv(&[row("q1", "AUROC", f64::NAN)]);
        assert!(csv.ends_with("q1,q1,\n"), "{csv}");
    }

    proptest! {
        #[test]
        fn any_text_and_any_value_read_back(
            texts in proptest::collection::vec("[ -~\u{e9}\n\r\",]{1,12}", 5),
            seed in any::<u64>(),
            value in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL,
        ) {
            let [dataset, system, measure, topic, family] = <[String; 5]>::try_from(texts).unwrap();
            let written = PerTopicRow { dataset, system, measure, seed, topic, family, value };
            let rows = [written.clone(), written.clone()];
            let csv = per_topic_csv(&rows);
            let mut streamed = Vec::new();
            write_per_topic_csv(&rows, &mut streamed).unwrap();
            prop_assert_eq!(csv.as_bytes(), streamed.as_slice());
            let mut reader = csv::Reader::from_reader(csv.as_bytes());
            let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
            prop_assert_eq!(records.len(), 2);
            for record in &records {
                prop_assert_eq!(&record[0], written.dataset.as_str());
                prop_assert_eq!(&record[1], written.system.as_str());
                prop_assert_eq!(&record[2], written.measure.as_str());
                prop_assert_eq!(record[3].parse::<u64>().unwrap(), seed);
                prop_assert_eq!(&record[4], written.topic.as_str());
                prop_assert_eq!(&record[5], written.family.as_str());
                prop_assert_eq!(record[6].parse::<f64>().unwrap().to_bits(), value.to_bits());
            }
        }
    }
}
