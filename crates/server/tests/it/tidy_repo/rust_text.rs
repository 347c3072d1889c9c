//! Rust source as the tidy tests see it: code without comments, string literals apart, tests cut off.

/// A source text taken apart.
pub(crate) struct RustText {
    /// The lines with comments and the contents of literals blanked out; line numbers are those of the file.
    pub(crate) code: Vec<String>,
    /// String literals with the line they begin on.
    pub(crate) strings: Vec<(usize, String)>,
}

impl RustText {
    /// Takes a whole file apart.
    pub(crate) fn read(text: &str) -> Self {
        Reader { rest: text, line: 1, code: String::with_capacity(text.len()), strings: Vec::new() }.read()
    }

    /// The file up to its `#[cfg(test)] mod ... {`, which closes a file in this house.
    pub(crate) fn without_tests(mut self) -> Self {
        let Some(end) = self.code.iter().enumerate().position(|(at, _)| self.begins_tests(at)) else {
            return self;
        };
        self.code.truncate(end);
        self.strings.retain(|(line, _)| *line <= end);
        self
    }

    /// Whether the tests begin at a line: a `mod name;` that points to another file does not begin them here.
    fn begins_tests(&self, at: usize) -> bool {
        self.code[at].trim() == "#[cfg(test)]"
            && self.code[at + 1..]
                .iter()
                .map(|line| line.trim())
                .find(|line| !line.is_empty() && !line.starts_with("#["))
                .is_some_and(|line| line.starts_with("mod ") && line.ends_with('{'))
    }

    /// Line numbers whose code has one of the words, with the word.
    pub(crate) fn lines_with_word<'w>(&self, words: &[&'w str]) -> Vec<(usize, &'w str)> {
        let mut found = Vec::new();
        for (index, line) in self.code.iter().enumerate() {
            for part in line.split(|c: char| !c.is_alphanumeric() && c != '_') {
                if let Some(word) = words.iter().find(|word| part == **word) {
                    found.push((index + 1, *word));
                }
            }
        }
        found
    }
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
    code: String,
    strings: Vec<(usize, String)>,
}

impl Reader<'_> {
    fn read(mut self) -> RustText {
        while let Some(first) = self.rest.chars().next() {
            if self.rest.starts_with("//") {
                self.blank(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                self.blank(block_comment_length(self.rest));
            } else if let Some(hashes) = self.raw_string_hashes() {
                self.raw_string(hashes);
            } else if first == '"' {
                self.string();
            } else if let Some(length) = character_length(self.rest) {
                self.blank(length);
            } else {
                self.keep(first.len_utf8());
            }
        }
        RustText { code: self.code.lines().map(str::to_owned).collect(), strings: self.strings }
    }

    fn keep(&mut self, length: usize) {
        let (kept, rest) = self.rest.split_at(length);
        self.line += kept.matches('\n').count();
        self.code.push_str(kept);
        self.rest = rest;
    }

    fn blank(&mut self, length: usize) {
        let (gone, rest) = self.rest.split_at(length);
        let lines = gone.matches('\n').count();
        self.line += lines;
        self.code.push_str(if lines == 0 { " " } else { "" });
        self.code.extend(std::iter::repeat_n('\n', lines));
        self.rest = rest;
    }

    /// The number of `#` where a raw string begins here: `r"`, `r#"`, also after `b`.
    fn raw_string_hashes(&self) -> Option<usize> {
        let is_inside_word = self.code.ends_with(|c: char| (c.is_alphanumeric() && c != 'b') || c == '_');
        let after = self.rest.strip_prefix('r').filter(|_| !is_inside_word)?;
        let hashes = after.len() - after.trim_start_matches('#').len();
        after[hashes..].starts_with('"').then_some(hashes)
    }

    fn raw_string(&mut self, hashes: usize) {
        let begin = hashes + 2;
        let close = format!("\"{}", "#".repeat(hashes));
        let length = self.rest[begin..].find(&close).unwrap_or(self.rest.len() - begin - close.len());
        self.strings.push((self.line, self.rest[begin..begin + length].to_owned()));
        self.blank(begin + length + close.len());
    }

    fn string(&mut self) {
        let mut end = 1;
        let mut is_escaped = false;
        for character in self.rest[1..].chars() {
            if character == '"' && !is_escaped {
                break;
            }
            is_escaped = character == '\\' && !is_escaped;
            end += character.len_utf8();
        }
        self.strings.push((self.line, self.rest[1..end].to_owned()));
        self.blank((end + 1).min(self.rest.len()));
    }
}

/// Block comments nest.
fn block_comment_length(text: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    text.len()
}

/// The length of a character literal that begins here; a lifetime (`'a`) is none.
fn character_length(text: &str) -> Option<usize> {
    let inside = text.strip_prefix('\'')?;
    let first = inside.chars().next()?;
    let content = if first == '\\' {
        // The character after the backslash may itself be a quote.
        let escaped = inside[1..].chars().next()?.len_utf8();
        1 + escaped + inside[1 + escaped..].find('\'')?
    } else {
        first.len_utf8()
    };
    inside[content..].starts_with('\'').then_some(content + 2)
}

/// The paths that follow `crate::` anywhere in the code, groups unfolded:
/// `use crate::{ledger, orders::{service, store::Row}};` gives `ledger`, `orders::service`,
/// `orders::store::Row`.
pub(crate) fn crate_paths(code: &[String]) -> Vec<Vec<String>> {
    let text = code.join("\n");
    let mut paths = Vec::new();
    for (at, _) in text.match_indices("crate::") {
        let begins_word = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$');
        if begins_word {
            unfold(&text[at + "crate::".len()..], Vec::new(), &mut paths);
        }
    }
    paths
}

/// Reads one tree of a `use`, adds its paths, and returns what follows it.
fn unfold<'t>(text: &'t str, mut prefix: Vec<String>, paths: &mut Vec<Vec<String>>) -> &'t str {
    let mut rest = text.trim_start();
    loop {
        if let Some(mut inside) = rest.strip_prefix('{') {
            loop {
                inside = inside.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
                if inside.is_empty() {
                    return inside;
                }
                if let Some(after) = inside.strip_prefix('}') {
                    return after;
                }
                let before = inside.len();
                inside = unfold(inside, prefix.clone(), paths);
                if inside.len() == before {
                    // Not a path after all: no progress means no `use`.
                    return inside;
                }
            }
        }
        let length = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '*').unwrap_or(rest.len());
        if length > 0 {
            prefix.push(rest[..length].to_owned());
        }
        rest = &rest[length..];
        match rest.trim_start().strip_prefix("::") {
            Some(after) if length > 0 => rest = after.trim_start(),
            _ => break,
        }
    }
    if !prefix.is_empty() {
        paths.push(prefix);
    }
    // `use a as b`: the new name belongs to no path.
    match rest.trim_start().strip_prefix("as ") {
        Some(renamed) => renamed.trim_start().trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'),
        None => rest,
    }
}

#[test]
fn comments_and_literals_are_no_code() {
    let text = concat!(
        "let a = \"x // \\\" f64\"; // f64 here\n",
        "/* f64 /* nested */ f64\n */ let c = '\"'; let d: &'static str = r#\"se\"lect\"#;\n",
        "let e: f64 = '\\'';\n",
    );
    let read = RustText::read(text);
    assert_eq!(read.lines_with_word(&["f64"]), [(4, "f64")]);
    assert_eq!(read.strings, [(1, "x // \\\" f64".to_owned()), (3, "se\"lect".to_owned())]);
}

#[test]
fn tests_at_the_end_are_cut_but_a_pointer_to_their_file_is_not() {
    let read =
        RustText::read("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { \"s\" }\n}\n").without_tests();
    assert_eq!(read.code, ["fn a() {}"]);
    assert!(read.strings.is_empty());
    let read = RustText::read("#[cfg(test)]\nmod tests;\nfn a() {}\n").without_tests();
    assert_eq!(read.code.len(), 3);
}

#[test]
fn paths_below_the_crate_are_unfolded() {
    let text = "use crate::{ledger as books, orders::{service, store::Row}};\nlet x = crate::bills::service::get(1);\n\
                let y = $crate::catalog::z();";
    let paths: Vec<String> =
        crate_paths(&RustText::read(text).code).iter().map(|path| path.join("::")).collect();
    assert_eq!(paths, ["ledger", "orders::service", "orders::store::Row", "bills::service::get"]);
}
