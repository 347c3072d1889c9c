//! From the one SQL text to what each engine wants to read.

use std::borrow::Cow;

use super::Engine;

/// The token for "lock the rows this reads", the only dialect token in statements.
const FOR_UPDATE: &str = "{for_update}";

/// The statement as `engine` reads it. `writes` is false in read-only transactions, where locking rows is
/// meaningless on SQLite and an error on PostgreSQL.
pub(super) fn statement(sql: &str, engine: Engine, writes: bool) -> Cow<'_, str> {
    let sql = if sql.contains(FOR_UPDATE) {
        let lock = if engine == Engine::Postgres && writes { "for update" } else { "" };
        Cow::Owned(sql.replace(FOR_UPDATE, lock))
    } else {
        Cow::Borrowed(sql)
    };
    match engine {
        Engine::Postgres => sql,
        Engine::Sqlite => Cow::Owned(numbered_parameters(&sql)),
    }
}

/// The schema text as `engine` reads it: `{text}` is text that compares byte by byte (SQLite's default, the "C"
/// collation on PostgreSQL) and `{bytes}` the type of byte strings.
pub(super) fn schema(sql: &str, engine: Engine) -> String {
    let (text, bytes) = match engine {
        Engine::Sqlite => ("text", "blob"),
        Engine::Postgres => ("text collate \"C\"", "bytea"),
    };
    sql.replace("{text}", text).replace("{bytes}", bytes)
}

/// Turns `$3` into `?3`. SQLite would take `$3` as a *name* and number names by first appearance, so that
/// `b = $2 and a = $1` would silently swap its values. Quoted text and comments are left alone.
fn numbered_parameters(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find(['$', '\'', '"', '-', '/']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let skip = if rest.starts_with("--") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '\'' | '"')) {
            // A doubled quote inside reads as two adjacent strings, which is right for finding the end.
            rest[1..].find(quote).map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with('$') && rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            out.push('?');
            rest = &rest[1..];
            continue;
        } else {
            1
        };
        out.push_str(&rest[..skip]);
        rest = &rest[skip..];
    }
    out.push_str(rest);
    out
}

/// The longest run of placeholders one insert may carry: under SQLite's 32,766 and the protocol's 65,535.
const PARAMETERS_MAX: usize = 32_000;
/// The most rows one insert statement carries.
const CHUNK_ROWS_MAX: usize = 512;

/// How many of `rows` rows of `columns` columns the next insert statement takes. Powers of two only, so that any
/// number of rows needs at most ten statement texts, which the engines can keep prepared.
pub(super) fn chunk_rows(rows: usize, columns: usize) -> usize {
    let most = rows.min(CHUNK_ROWS_MAX).min(PARAMETERS_MAX / columns.max(1)).max(1);
    1 << most.ilog2()
}

/// An insert of `rows` rows of `columns` columns: `HEAD ($1,$2),($3,$4) TAIL`.
pub(super) fn insert(head: &str, rows: usize, columns: usize, tail: &str) -> String {
    let mut sql = String::with_capacity(head.len() + tail.len() + rows * columns * 7);
    sql.push_str(head);
    let mut number = 0;
    for row in 0..rows {
        sql.push_str(if row == 0 { " (" } else { ",(" });
        for column in 0..columns {
            number += 1;
            sql.push_str(if column == 0 { "$" } else { ",$" });
            sql.push_str(&number.to_string());
        }
        sql.push(')');
    }
    sql.push(' ');
    sql.push_str(tail);
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_their_numbers_on_sqlite() {
        for (given, wanted) in [
            ("select a from t where b = $2 and a = $1", "select a from t where b = ?2 and a = ?1"),
            ("select '$1', \"$2\", $10", "select '$1', \"$2\", ?10"),
            ("select 'it''s $1', $1", "select 'it''s $1', ?1"),
            ("select $1 -- not $2\n, $3 /* nor $4 */, $5", "select ?1 -- not $2\n, ?3 /* nor $4 */, ?5"),
            ("select a - $1, b / $2, '\u{e9}' || $3", "select a - ?1, b / ?2, '\u{e9}' || ?3"),
            ("select 'open $1", "select 'open $1"),
        ] {
            assert_eq!(numbered_parameters(given), wanted);
        }
    }

    #[test]
    fn only_a_postgres_writer_locks_rows() {
        let sql = "select a from t where b = $1 {for_update}";
        assert_eq!(statement(sql, Engine::Postgres, true), "select a from t where b = $1 for update");
        assert_eq!(statement(sql, Engine::Postgres, false), "select a from t where b = $1 ");
        assert_eq!(statement(sql, Engine::Sqlite, true), "select a from t where b = ?1 ");
    }

    #[test]
    fn inserts_are_cut_into_powers_of_two_under_the_limits() {
        assert_eq!(chunk_rows(10_000, 3), 512);
        assert_eq!(chunk_rows(511, 3), 256);
        assert_eq!(chunk_rows(1, 3), 1);
        assert_eq!(chunk_rows(10_000, 100), 256);
        assert_eq!(
            insert("insert into t (a, b) values", 2, 2, ""),
            "insert into t (a, b) values ($1,$2),($3,$4) "
        );
    }

    #[test]
    fn one_schema_text_serves_both_engines() {
        let text = "create table t (a {text} not null, b {bytes} not null, c text default '{}')";
        assert_eq!(
            schema(text, Engine::Postgres),
            "create table t (a text collate \"C\" not null, b bytea not null, c text default '{}')"
        );
        assert_eq!(
            schema(text, Engine::Sqlite),
            "create table t (a text not null, b blob not null, c text default '{}')"
        );
    }
}
