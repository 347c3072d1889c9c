//! What goes into a statement and what comes out: integers, text and bytes, on both engines alike.

use std::borrow::Cow;

/// A bound parameter. The three nulls exist because both engines want the type of an absent value known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// An absent integer.
    NullInt,
    /// An absent text.
    NullText,
    /// Absent bytes.
    NullBytes,
    /// Any integer column; on PostgreSQL it must fit the column's width.
    Int(i64),
    /// Text without NUL (refused at the door: PostgreSQL cannot store it).
    Text(Cow<'a, str>),
    /// Bytes.
    Bytes(&'a [u8]),
}

macro_rules! value_from {
    ($($type:ty, $null:ident, $name:ident => $value:expr;)*) => {
        $(
            impl<'a> From<$type> for Value<'a> {
                fn from($name: $type) -> Self {
                    $value
                }
            }

            impl<'a> From<Option<$type>> for Value<'a> {
                fn from(value: Option<$type>) -> Self {
                    value.map_or(Self::$null, Self::from)
                }
            }
        )*
    };
}

value_from! {
    i64, NullInt, n => Self::Int(n);
    i32, NullInt, n => Self::Int(i64::from(n));
    i16, NullInt, n => Self::Int(i64::from(n));
    u32, NullInt, n => Self::Int(i64::from(n));
    u16, NullInt, n => Self::Int(i64::from(n));
    u8, NullInt, n => Self::Int(i64::from(n));
    bool, NullInt, b => Self::Int(i64::from(b));
    &'a str, NullText, s => Self::Text(Cow::Borrowed(s));
    &'a String, NullText, s => Self::Text(Cow::Borrowed(s));
    String, NullText, s => Self::Text(Cow::Owned(s));
    Cow<'a, str>, NullText, s => Self::Text(s);
    &'a [u8], NullBytes, b => Self::Bytes(b);
    &'a Vec<u8>, NullBytes, b => Self::Bytes(b);
}

/// The parameters of a statement: `tx.exec(SQL, params![account, 5]).await?`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => {
        &[$($crate::db::Value::from($value)),*] as &[$crate::db::Value<'_>]
    };
}

/// One cell of a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// One row of a result, owned. Columns are counted from 0 in the order of the `select` list.
///
/// Asking for a type the column does not have, for an absent value without `opt_`, or for a column that is not
/// there, panics: the statement and the code that reads it disagree, and no input can cause or cure that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    cells: Vec<Cell>,
}

impl Row {
    pub(super) fn new(cells: Vec<Cell>) -> Self {
        Self { cells }
    }

    fn cell(&self, column: usize) -> &Cell {
        let count = self.cells.len();
        self.cells.get(column).unwrap_or_else(|| panic!("column {column} of a row of {count} columns"))
    }

    /// An integer.
    pub fn int(&self, column: usize) -> i64 {
        self.opt_int(column).unwrap_or_else(|| panic!("column {column} is null, wanted an integer"))
    }

    /// An integer, or `None` for null.
    pub fn opt_int(&self, column: usize) -> Option<i64> {
        match self.cell(column) {
            Cell::Null => None,
            Cell::Int(n) => Some(*n),
            Cell::Text(_) | Cell::Bytes(_) => panic!("column {column} is not an integer"),
        }
    }

    /// A truth value, stored as 0 or 1.
    pub fn bool(&self, column: usize) -> bool {
        match self.int(column) {
            0 => false,
            1 => true,
            n => panic!("column {column} is {n}, wanted 0 or 1"),
        }
    }

    /// Text.
    pub fn text(&self, column: usize) -> &str {
        self.opt_text(column).unwrap_or_else(|| panic!("column {column} is null, wanted text"))
    }

    /// Text, or `None` for null.
    pub fn opt_text(&self, column: usize) -> Option<&str> {
        match self.cell(column) {
            Cell::Null => None,
            Cell::Text(text) => Some(text),
            Cell::Int(_) | Cell::Bytes(_) => panic!("column {column} is not text"),
        }
    }

    /// Moves text out of the row without a copy; the cell is left null.
    pub fn take_text(&mut self, column: usize) -> String {
        self.take_opt_text(column).unwrap_or_else(|| panic!("column {column} is null, wanted text"))
    }

    /// Moves text, or `None` for null, out of the row without a copy; the cell is left null.
    pub fn take_opt_text(&mut self, column: usize) -> Option<String> {
        let count = self.cells.len();
        let cell = self
            .cells
            .get_mut(column)
            .unwrap_or_else(|| panic!("column {column} of a row of {count} columns"));
        match std::mem::replace(cell, Cell::Null) {
            Cell::Null => None,
            Cell::Text(text) => Some(text),
            Cell::Int(_) | Cell::Bytes(_) => panic!("column {column} is not text"),
        }
    }

    /// Bytes.
    pub fn bytes(&self, column: usize) -> &[u8] {
        self.opt_bytes(column).unwrap_or_else(|| panic!("column {column} is null, wanted bytes"))
    }

    /// Bytes, or `None` for null.
    pub fn opt_bytes(&self, column: usize) -> Option<&[u8]> {
        match self.cell(column) {
            Cell::Null => None,
            Cell::Bytes(bytes) => Some(bytes),
            Cell::Int(_) | Cell::Text(_) => panic!("column {column} is not bytes"),
        }
    }
}
