//! What a column is made of: the fields that its own code names, or those that are said beside it. Knows no object.

use super::Column;

/// How a column makes its cells.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Made {
    /// Its code: `|g: &Guest| Cell::usage(g.mem, g.maxmem)`.
    pub(crate) code: &'static str,
    /// The fields it is made of, where its code does not name them itself, in a line.
    pub(crate) of: &'static str,
    /// How it is made of them, in words.
    pub(crate) how: &'static str,
}

impl Made {
    /// The fields that it is made of: `mem`, `pgmap.bytes_used`.
    pub(crate) fn fields(&self) -> Vec<&'static str> {
        match self.of {
            "" => named_in(self.code),
            of => of.split_whitespace().collect(),
        }
    }

    /// Whether the first of several is shown that is there.
    pub(crate) fn is_first_of(&self) -> bool {
        self.of.is_empty() && (self.code.contains(".or_else(") || self.code.contains(".or("))
    }
}

/// A column and its code: `column!("CPU", |g: &Guest| g.cpu)`. The fields that the code names are those that the column
/// is made of; one that calls a method on the whole thing says so by [`Column::by`](crate::Column).
macro_rules! column {
    ($name:expr, $cell:expr $(,)?) => {
        crate::model::list::Column::new($name, $cell).coded(stringify!($cell))
    };
}
pub(crate) use column;

impl<T> Column<T> {
    /// The same column, with its code.
    pub(crate) fn coded(mut self, code: &'static str) -> Column<T> {
        self.made.code = code;
        self
    }

    /// The same column, which its method makes of these fields, in these words.
    pub(crate) fn by(mut self, of: &'static str, how: &'static str) -> Column<T> {
        (self.made.of, self.made.how) = (of, how);
        self
    }

    /// How it makes its cells.
    pub(crate) fn made(&self) -> Made {
        self.made
    }
}

/// The fields of its parameter that a closure names, each once.
fn named_in(code: &'static str) -> Vec<&'static str> {
    let parameter =
        code.split_once('|').map_or("", |(_, rest)| rest.split([':', '|']).next().unwrap_or_default().trim());
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '#';
    let mut fields = Vec::new();
    for (at, _) in code.match_indices(parameter).filter(|_| !parameter.is_empty()) {
        let (before, after) = (&code[..at], &code[at + parameter.len()..]);
        let Some(path) = after.strip_prefix('.') else { continue };
        if before.ends_with(|c: char| is_word(c) || c == '.') {
            continue;
        }
        let mut end = 0;
        for part in path.split_inclusive(|c: char| !is_word(c)) {
            let name = part.trim_end_matches(|c: char| !is_word(c));
            match &part[name.len()..] {
                // A method, or nothing at all.
                "(" | ":" | "!" => break,
                _ if name.is_empty() => break,
                "." => end += part.len(),
                _ => {
                    end += name.len();
                    break;
                }
            }
        }
        let field = path[..end].trim_end_matches('.');
        if !field.is_empty() && !fields.contains(&field) {
            fields.push(field);
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_that_code_names_are_found_and_methods_are_not() {
        for (code, fields) in [
            ("|g: &Guest| g.cpu", vec!["cpu"]),
            ("|g: &Guest| Cell::usage(g.mem, g.maxmem)", vec!["mem", "maxmem"]),
            ("|s: &CephStatus| s.pgmap.read_bytes_sec.known()", vec!["pgmap.read_bytes_sec"]),
            ("|u: &User| joined(&u.tokens.iter().map(|t| t.tokenid.clone()).collect::<Vec<_>>())", vec!["tokens"]),
            ("|p: &Pool| match &p.same_as { Some(above) => above.raw(), None => p.by_family(), }", vec!["same_as"]),
            ("move |z: &Zone| if z.nodes.is_empty() { \"all\" } else { words(&z.nodes) }", vec!["nodes"]),
            ("|d: &GuestDetails| d.r#type.clone()", vec!["r#type"]),
            ("|g: &Guest| g.state()", vec![]),
            ("Guest::state", vec![]),
            ("|s: &S| s", vec![]),
        ] {
            assert_eq!(Made { code, ..Made::default() }.fields(), fields, "{code}");
        }
    }

    #[test]
    fn what_is_said_beside_a_column_goes_before_what_its_code_names() {
        let made = Made { code: "|g: &Guest| g.cpu", of: "status lock", how: "" };
        assert_eq!(made.fields(), ["status", "lock"]);
        assert_eq!(column!("CPU", |n: &u64| *n).name().raw(), "CPU");
    }
}
