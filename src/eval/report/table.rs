//! What stands in a table? Captions, heads and cells as data, before HTML or Markdown.
//!
//! Invariant: every row has one cell less than there are columns, its head being the first.
//! Knows neither form of output; those decide how an empty cell or a best value looks.

/// A table.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// What it shows, in a sentence.
    pub(super) caption: String,
    /// Columns, that of the row heads first.
    pub(super) columns: Vec<Column>,
    /// Rows.
    pub(super) rows: Vec<Row>,
    /// What bold numbers are.
    pub(super) bold: &'static str,
    /// What a reader needs to know below it.
    pub(super) notes: Vec<String>,
}

/// A column.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Head.
    pub(super) name: String,
    /// Whether it holds numbers, set flush right.
    pub(super) numeric: bool,
}

/// A row.
#[derive(Debug, Clone)]
pub(super) struct Row {
    /// Its head.
    pub(super) head: Cell,
    /// Its other cells.
    pub(super) cells: Vec<Cell>,
}

/// A cell.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    /// Nothing can stand here: the system does not offer it.
    Empty,
    /// Too few topics for a figure.
    TooFew,
    /// Too small to show for a sensitive set.
    Withheld,
    /// Words, with `code` between backticks.
    Text(String),
    /// A number.
    Number(Number),
}

/// A number as it prints.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Number {
    /// The value.
    pub(super) value: String,
    /// What stands under it: interval, counts.
    pub(super) details: Vec<String>,
    /// Set in bold.
    pub(super) best: bool,
    /// How it compares with the baseline.
    pub(super) mark: Option<Mark>,
}

/// How a value compares with the baseline, after correction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Significantly better.
    Better,
    /// Significantly worse.
    Worse,
}

impl Mark {
    /// The sign.
    pub(super) fn sign(self) -> &'static str {
        match self {
            Mark::Better => "\u{25b2}",
            Mark::Worse => "\u{25bc}",
        }
    }

    /// The sign in words.
    pub(super) fn words(self) -> &'static str {
        match self {
            Mark::Better => "significantly better than the baseline",
            Mark::Worse => "significantly worse than the baseline",
        }
    }
}

impl Cell {
    /// Words.
    pub(super) fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    /// A name, set as code.
    pub(super) fn code(name: &str) -> Cell {
        Cell::Text(code(name))
    }

    /// A number without anything under it.
    pub(super) fn number(value: impl Into<String>) -> Cell {
        Cell::Number(Number { value: value.into(), ..Number::default() })
    }
}

/// A name between backticks, as the text of cells, captions and sentences marks code. A backtick
/// within the name gives way to an apostrophe.
pub(super) fn code(name: &str) -> String {
    format!("`{}`", name.replace('`', "'"))
}

impl Table {
    /// A table without rows.
    pub(super) fn new(caption: impl Into<String>) -> Table {
        Table {
            caption: caption.into(),
            columns: Vec::new(),
            rows: Vec::new(),
            bold: "best",
            notes: Vec::new(),
        }
    }

    /// With columns of words.
    pub(super) fn words<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Table {
        let columns = names.into_iter().map(|name| Column { name: name.into(), numeric: false });
        self.columns.extend(columns);
        self
    }

    /// With columns of numbers.
    pub(super) fn numbers<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Table {
        let columns = names.into_iter().map(|name| Column { name: name.into(), numeric: true });
        self.columns.extend(columns);
        self
    }

    /// Adds a row.
    pub(super) fn push(&mut self, head: Cell, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len() + 1, self.columns.len(), "{}", self.caption);
        self.rows.push(Row { head, cells });
    }

    /// Whether any cell is like this one.
    pub(super) fn holds(&self, cell: &Cell) -> bool {
        self.rows.iter().any(|row| row.cells.contains(cell))
    }

    /// Whether any number satisfies this.
    pub(super) fn any_number(&self, wanted: impl Fn(&Number) -> bool) -> bool {
        let cells = self.rows.iter().flat_map(|row| &row.cells);
        cells.into_iter().any(|cell| matches!(cell, Cell::Number(number) if wanted(number)))
    }

    /// The legend for the signs that occur, and the notes.
    pub(super) fn legend(&self) -> Vec<String> {
        let mut legend = Vec::new();
        if self.any_number(|number| number.best) {
            legend.push(format!("Bold: {}.", self.bold));
        }
        if self.any_number(|number| number.mark.is_some()) {
            let better = Mark::Better.sign();
            let worse = Mark::Worse.sign();
            legend.push(format!(
                "{better} better, {worse} worse than the baseline after Holm's correction."
            ));
        }
        if self.holds(&Cell::Empty) {
            legend.push("\u{2013}: the system offers nothing to fill this cell.".to_owned());
        }
        if self.holds(&Cell::TooFew) {
            legend.push("too few: under the least number of topics for a figure.".to_owned());
        }
        if self.holds(&Cell::Withheld) {
            legend.push("withheld: too small a cell to show for a sensitive set.".to_owned());
        }
        legend.extend(self.notes.iter().cloned());
        legend
    }
}
