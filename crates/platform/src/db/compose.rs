//! Statements put together from constant fragments, for lists whose filters are optional.
//!
//! A statement with `$1 is null or ...` for every filter defeats the indexes; one constant for every combination
//! cannot be read. A fragment writes `?` where a value goes, and the values get their numbers as they come.

use super::Value;

/// A statement in the making, with the values bound to it.
#[derive(Debug, Clone, Default)]
pub struct Composed<'a> {
    sql: String,
    params: Vec<Value<'a>>,
}

impl<'a> Composed<'a> {
    /// Appends a fragment; each `?` in it takes the next of `params`.
    ///
    /// # Panics
    /// When there are more or fewer `?` than values: fragments are constants of the code.
    pub fn push(&mut self, fragment: &str, params: impl IntoIterator<Item = Value<'a>>) -> &mut Self {
        let mut params = params.into_iter();
        let mut parts = fragment.split('?');
        self.sql.push_str(parts.next().expect("a split has a first part"));
        for part in parts {
            self.params.push(params.next().expect("every `?` of a fragment has a value"));
            self.sql.push('$');
            self.sql.push_str(&self.params.len().to_string());
            self.sql.push_str(part);
        }
        assert!(params.next().is_none(), "a value without a `?`: {fragment}");
        self
    }

    /// The text.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The values, in the order of their numbers.
    pub fn params(&self) -> &[Value<'a>] {
        &self.params
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_numbered_as_they_come() {
        let mut statement = Composed::default();
        statement.push("select a from t where b = ?", [Value::from(1_i64)]);
        statement.push(" and c in (?, ?)", [Value::from("x"), Value::from("y")]).push(" order by a", []);
        assert_eq!(statement.sql(), "select a from t where b = $1 and c in ($2, $3) order by a");
        assert_eq!(statement.params().len(), 3);
    }

    #[test]
    #[should_panic(expected = "a value without")]
    fn a_value_that_no_fragment_asks_for_is_a_defect() {
        Composed::default().push("select 1", [Value::from(1_i64)]);
    }
}
