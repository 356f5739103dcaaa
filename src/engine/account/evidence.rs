//! What does a feature of the evidence say, in words?
//!
//! A sentence a feature, neutral in its value: whether it speaks for or against an answer is the
//! calibrator's to say. A feature without a sentence is named with its value.

/// Turns a value into words.
type Sentence = fn(f64) -> String;

/// Sentences by name of feature. "It" is the guidance that won.
const SENTENCES: [(&str, Sentence); 18] = [
    ("fused", |v| format!("words and meaning together, it scores {v:.2} of 1")),
    ("fused_margin", |v| format!("it scores {} the best other guidance", against(v))),
    ("lexical_share", |v| format!("its words score {} of what they could at most", percent(v))),
    ("lexical_margin", |v| format!("by words alone it scores {} the best other", against(v))),
    ("dense", |v| format!("in meaning it is {v:.2} of 1 close to the question")),
    ("dense_margin", |v| format!("in meaning it is {} the best other guidance", against(v))),
    ("passage_cosine", |v| format!("the passage itself is {v:.2} of 1 close in meaning")),
    ("variant_gain", |v| {
        format!("the nearest question it is approved for is {} the passage in meaning", against(v))
    }),
    ("dense_above_background", |v| {
        format!("in meaning it stands {v:.1} standard deviations above the other candidates")
    }),
    ("dense_density", |v| format!("in meaning its rivals are on average {} it", against(v))),
    ("coverage", |v| {
        format!("it holds {} of the question's words, rare ones counting more", percent(v))
    }),
    ("uncovered_peak", |v| {
        format!("the rarest word that it lacks weighs {} of the rarest there can be", percent(v))
    }),
    ("unseen_share", |v| format!("{} of the question's words stand in no guidance", percent(v))),
    ("lexical_agrees", |v| found_by("words", v)),
    ("dense_agrees", |v| found_by("meaning", v)),
    ("scope_gap", |v| {
        if v > 0.0 {
            format!("guidance that is not for this person scores {v:.2} more")
        } else {
            "no guidance that is not for this person scores more".to_owned()
        }
    }),
    ("log_terms", |v| format!("the question has {:.0} words of weight", v.exp() - 1.0)),
    ("asks", |v| format!("the message is {}put as a question", if v > 0.0 { "" } else { "not " })),
];

/// A feature in words.
pub(in crate::engine) fn sentence(feature: &str, value: f64) -> String {
    SENTENCES.iter().find(|(name, _)| *name == feature).map_or_else(
        || format!("the measure `{feature}` is {value:.2}"),
        |(_, sentence)| sentence(value),
    )
}

fn percent(share: f64) -> String {
    format!("{:.0}%", 100.0 * share)
}

fn against(margin: f64) -> String {
    let side = if margin < 0.0 { "below" } else { "above" };
    format!("{:.2} {side}", margin.abs())
}

fn found_by(what: &str, agrees: f64) -> String {
    let which = if agrees > 0.0 { "the same" } else { "another" };
    format!("search by {what} alone finds {which} document first")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_speak_and_unknown_ones_are_named() {
        assert_eq!(
            sentence("fused_margin", -0.125),
            "it scores 0.12 below the best other guidance"
        );
        assert_eq!(
            sentence("lexical_agrees", 0.0),
            "search by words alone finds another document first"
        );
        assert_eq!(sentence("newcomer", 0.5), "the measure `newcomer` is 0.50");
    }
}
