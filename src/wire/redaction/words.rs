//! Words in which names and addresses may stand, and the way back. Knows how words are parted; knows no field.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::book::{Book, Kind, is_common};

/// What a single word of a path keeps.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A name of more words than this is looked for as a whole alone.
const WORDS: usize = 8;

impl Book {
    /// What a person or a program wrote: names also within longer words.
    pub(super) fn prose(&mut self, words: &str) -> String {
        self.hidden(words, true)
    }

    /// A value of the API: names that stand for themselves.
    pub(super) fn value(&mut self, words: &str) -> String {
        self.hidden(words, false)
    }

    fn hidden(&mut self, words: &str, in_prose: bool) -> String {
        let mut shown = String::with_capacity(words.len());
        for run in runs(words) {
            match is_part(run) {
                true => shown.push_str(&self.run(run, in_prose)),
                false => shown.push_str(run),
            }
        }
        shown
    }

    /// A run of letters, digits and what stands in names and addresses.
    fn run(&mut self, run: &str, in_prose: bool) -> String {
        let (before, run, after) = trimmed(run);
        if run.is_empty() || self.is_pseudonym(run) {
            return format!("{before}{run}{after}");
        }
        let shown = match self.address(run) {
            Some(address) => address,
            None => run.split(':').map(|part| self.part(part, in_prose)).collect::<Vec<_>>().join(":"),
        };
        format!("{before}{shown}{after}")
    }

    fn part(&mut self, part: &str, in_prose: bool) -> String {
        let (before, part, after) = trimmed(part);
        let shown = match part.split_once('@') {
            _ if self.is_pseudonym(part) => part.to_owned(),
            Some((user, realm)) if !user.is_empty() && !realm.is_empty() => self.user(user, realm),
            _ => match self.address(part).or_else(|| self.host(part)) {
                Some(shown) => shown,
                None => self.word(part, in_prose),
            },
        };
        format!("{before}{shown}{after}")
    }

    /// `alice@pve`, `alice@pve!notebook`, and addresses of mail.
    fn user(&mut self, user: &str, rest: &str) -> String {
        let (realm, token) = rest.split_once('!').map_or((rest, None), |(realm, token)| (realm, Some(token)));
        let user = if user == "root" { user.to_owned() } else { self.of(Kind::User, user) };
        let realm = match self.host(realm) {
            Some(host) => host,
            None if self.is_pseudonym(realm) => realm.to_owned(),
            None => self.of(Kind::Realm, realm),
        };
        let token = token.map(|token| format!("!{}", self.of(Kind::Token, token))).unwrap_or_default();
        format!("{user}@{realm}{token}")
    }

    fn word(&self, word: &str, in_prose: bool) -> String {
        if let Some(known) = self.known(word, in_prose) {
            return known.to_owned();
        }
        let label = |label: &str| match self.known(label, in_prose) {
            Some(known) => known.to_owned(),
            None if in_prose && label.contains(['-', '_']) => within(label, &|name| self.known(name, true)),
            None => label.to_owned(),
        };
        word.split('.').map(label).collect::<Vec<_>>().join(".")
    }

    /// Words as the cluster knows them.
    pub(super) fn meant(&self, words: &str) -> String {
        if let Some(name) = self.behind(words) {
            return name.to_owned();
        }
        let words = self.notes_meant(words);
        let mut meant = String::with_capacity(words.len());
        for run in runs(&words) {
            if !is_part(run) {
                meant.push_str(run);
                continue;
            }
            let (before, run, after) = trimmed(run);
            let whole = match self.behind(run) {
                Some(name) => name.to_owned(),
                None => run.split(':').map(|part| self.part_meant(part)).collect::<Vec<_>>().join(":"),
            };
            meant.push_str(&format!("{before}{whole}{after}"));
        }
        meant
    }

    fn part_meant(&self, part: &str) -> String {
        let by = |between: char, words: &str| {
            words.split(between).map(|word| self.label_meant(word)).collect::<Vec<_>>().join(&between.to_string())
        };
        match self.behind(part) {
            Some(name) => name.to_owned(),
            None => {
                let each = part.split_inclusive(['@', '!']).map(|word| {
                    let (word, end) = word.strip_suffix(['@', '!']).map_or((word, ""), |it| (it, &word[it.len()..]));
                    let host = word.split_once('.').and_then(|(first, domain)| {
                        Some(format!("{}.{}", self.label_meant(first), self.behind(domain)?))
                    });
                    let meant = self.behind(word).map(str::to_owned).or(host).unwrap_or_else(|| by('.', word));
                    format!("{meant}{end}")
                });
                each.collect()
            }
        }
    }

    fn label_meant(&self, label: &str) -> String {
        match self.behind(label) {
            Some(name) => name.to_owned(),
            None => within(label, &|pseudonym| self.behind(pseudonym)),
        }
    }

    /// Notes that were changed around what stood in their place.
    fn notes_meant(&self, words: &str) -> String {
        let (mut meant, mut rest) = (String::new(), words);
        while let Some(at) = rest.find("(note-") {
            let end = rest[at..].find(')').map_or(rest.len(), |end| at + end + 1);
            meant.push_str(&rest[..at]);
            meant.push_str(self.behind(&rest[at..end]).unwrap_or(&rest[at..end]));
            rest = &rest[end..];
        }
        meant + rest
    }

    /// A word of a path as the cluster knows it; one that names nothing stays as it is written.
    pub(super) fn path_segment(&self, part: &str) -> String {
        let words = percent_decode_str(part).decode_utf8_lossy();
        let meant = self.meant(&words);
        if meant == words { part.to_owned() } else { utf8_percent_encode(&meant, KEPT).to_string() }
    }

    /// What stands in the place of a note.
    pub(super) fn note(&mut self, note: &str) -> String {
        if let Some(typed) = self.as_typed(note) {
            return typed;
        }
        if !self.notes {
            return self.prose(note);
        }
        if note.trim().is_empty() || self.is_pseudonym(note) {
            return note.to_owned();
        }
        let shown = format!("({}, not shown)", self.instead(Kind::Note, note));
        self.keep(&shown, note);
        shown
    }

    /// Names of one kind in a list: `a,b;c`; numbers and what everybody has stay.
    pub(super) fn list(&mut self, kind: Kind, words: &str) -> String {
        let each = words.split_inclusive([',', ';', ' ', ':', '/']).map(|word| {
            let name = word.trim_end_matches([',', ';', ' ', ':', '/']);
            let shown = if is_common(name) { name.to_owned() } else { self.of(kind, name) };
            format!("{shown}{}", &word[name.len()..])
        });
        each.collect()
    }

    /// Tags, each part for itself: what `owner.alice` and `owner.bob` have in common stays so.
    pub(super) fn tags(&mut self, tags: &str) -> String {
        let each = tags.split_inclusive([',', ';', ' ']).map(|word| {
            let tag = word.trim_end_matches([',', ';', ' ']);
            format!("{}{}", self.tag(tag), &word[tag.len()..])
        });
        each.collect()
    }

    fn tag(&mut self, tag: &str) -> String {
        if let Some(typed) = self.as_typed(tag) {
            return typed;
        }
        let parts: Vec<String> = tag.split('.').map(|part| self.of(Kind::Tag, part)).collect();
        let shown = parts.join(".");
        if shown != tag {
            self.keep_tag(&shown, tag);
        }
        shown
    }

    /// Tags that are known, among other words.
    pub(super) fn among_tags(&mut self, words: &str) -> String {
        let each = words.split_inclusive([',', ';', ' ', ':', '=']).map(|word| {
            let tag = word.trim_end_matches([',', ';', ' ', ':', '=']);
            let shown = if self.is_tag(tag) { self.tag(tag) } else { tag.to_owned() };
            format!("{shown}{}", &word[tag.len()..])
        });
        each.collect()
    }
}

/// The names that `known` has within a word, between hyphens; the longest first.
fn within<'a>(word: &str, known: &impl Fn(&str) -> Option<&'a str>) -> String {
    let parts: Vec<&str> = word.split_inclusive(['-', '_']).collect();
    let (mut shown, mut at) = (String::new(), 0);
    while at < parts.len() {
        let longest = (at + 1..=parts.len().min(at + WORDS)).rev().find_map(|end| {
            let whole = parts[at..end].concat();
            let name = whole.trim_end_matches(['-', '_']);
            Some((end, format!("{}{}", known(name)?, &whole[name.len()..])))
        });
        match longest {
            Some((end, name)) => {
                shown.push_str(&name);
                at = end;
            }
            None => {
                shown.push_str(parts[at]);
                at += 1;
            }
        }
    }
    shown
}

fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '@' | '!')
}

fn is_part(run: &str) -> bool {
    run.starts_with(is_letter)
}

/// The words, taken apart into runs that may hold names, and what stands between them.
fn runs(words: &str) -> impl Iterator<Item = &str> {
    let mut rest = words;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is = is_letter(first);
        let end = rest.find(|c| is_letter(c) != is).unwrap_or(rest.len());
        let (run, others) = rest.split_at(end);
        rest = others;
        Some(run)
    })
}

/// A run without the points at its ends.
fn trimmed(run: &str) -> (&str, &str, &str) {
    let is_point = |c: char| matches!(c, '.' | ':' | '!' | '@' | '-');
    // An address may begin with its colons.
    let start = if run.starts_with("::") { 0 } else { run.len() - run.trim_start_matches(is_point).len() };
    let inner = &run[start..];
    let length = inner.trim_end_matches(is_point).len();
    let length = if inner.ends_with("::") { inner.len() } else { length };
    (&run[..start], &inner[..length], &inner[length..])
}
