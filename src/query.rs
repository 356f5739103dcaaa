//! What was asked, by whom and when: the text and the scope it may be answered in.

use jiff::civil::Date;

use crate::dialogue::conversation::Conversation;
use crate::ids::{Locality, Nation, Programme};

/// A text asked, with everything that decides which guidance may answer it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The message as it came in.
    pub text: String,
    /// Programmes served here; empty means all of them.
    pub programmes: Vec<Programme>,
    /// Nation the person is in; `None` means the corpus's base nation, England.
    pub nation: Option<Nation>,
    /// The local service asked, if any.
    pub locality: Option<Locality>,
    /// The day on which the question is asked; decides what has expired.
    pub today: Date,
    /// What the caller kept of the conversation so far; the default for a first message.
    pub conversation: Conversation,
    /// Where the text's bubbles begin, when it was sent as several; empty for a single one.
    pub bubble_starts: Vec<usize>,
}

impl Query {
    /// A query of any programme, in the base nation, without a locality.
    pub fn new(text: impl Into<String>, today: Date) -> Query {
        Query {
            text: text.into(),
            programmes: Vec::new(),
            nation: None,
            locality: None,
            today,
            conversation: Conversation::default(),
            bubble_starts: Vec::new(),
        }
    }

    /// A query of one turn that was sent as several bubbles close together: they are read as one
    /// message, a line each, and safety looks at each besides.
    pub fn of_bubbles<'a>(bubbles: impl IntoIterator<Item = &'a str>, today: Date) -> Query {
        let mut query = Query::new("", today);
        for bubble in bubbles {
            if !query.text.is_empty() {
                query.text.push('\n');
            }
            query.bubble_starts.push(query.text.len());
            query.text.push_str(bubble);
        }
        query
    }

    /// The nation whose guidance holds.
    pub fn nation(&self) -> Nation {
        self.nation.or(self.conversation.nation).unwrap_or(Nation::England)
    }
}
