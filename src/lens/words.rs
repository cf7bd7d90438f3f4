//! Sentences in the words and units of an audience. A word is replaced where it stands alone, never inside a name, a path
//! or code, and never where the cluster itself said it.

use std::collections::BTreeSet;
use std::ops::Range;

use super::heard::Heard;
use super::unit::bytes_of;
use super::{Lens, Step, Unit};

/// What is said instead of what.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    /// Those of more words first.
    rules: Vec<Rule>,
    /// Whether any sizes are shown in another unit.
    has_units: bool,
    /// Whether the numbers of guests are left out.
    without_vmids: bool,
}

#[derive(Clone, Debug)]
struct Rule {
    from: Vec<String>,
    to: String,
    /// One with a capital letter is meant letter by letter: `VM`.
    exact: bool,
}

impl Rule {
    fn new(from: &str, to: &str) -> Rule {
        let exact = from.chars().any(char::is_uppercase);
        Rule { from: from.split_whitespace().map(str::to_owned).collect(), to: to.to_owned(), exact }
    }

    fn is_word(&self, n: usize, word: &str) -> bool {
        let own = &self.from[n];
        word == own || (!self.exact && n == 0 && uncapitalised(word).as_deref() == Some(own))
    }

    fn key(&self) -> String {
        self.from.join(" ")
    }
}

/// A word that begins with its only capital letter, without it.
fn uncapitalised(word: &str) -> Option<String> {
    let first = word.chars().next().filter(|first| first.is_uppercase())?;
    Some(first.to_lowercase().chain(word.chars().skip(1)).collect())
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// The plural, as English makes most of them.
fn plural(word: &str) -> String {
    let before = word.chars().rev().nth(1);
    match word.chars().last() {
        Some('y') if before.is_some_and(|before| !"aeiou".contains(before)) => {
            format!("{}ies", &word[..word.len() - 1])
        }
        Some('s' | 'x' | 'z') => format!("{word}es"),
        Some('h') if matches!(before, Some('c' | 's')) => format!("{word}es"),
        _ => format!("{word}s"),
    }
}

/// A word of a sentence: where it stands, and the word itself without what ends or opens the sentence around it.
struct Token {
    all: Range<usize>,
    word: Range<usize>,
}

/// What is to be replaced, how many words that are, and by what.
type Found = (Range<usize>, usize, String);

fn tokens(text: &str) -> Vec<Token> {
    let mut all = Vec::new();
    let mut start = None;
    for (at, letter) in text.char_indices().chain([(text.len(), ' ')]) {
        match (letter.is_whitespace(), start) {
            (false, None) => start = Some(at),
            (true, Some(from)) => {
                all.push(Token::of(text, from..at));
                start = None;
            }
            _ => {}
        }
    }
    all
}

impl Token {
    fn of(text: &str, all: Range<usize>) -> Token {
        let whole = &text[all.clone()];
        let opened = whole.trim_start_matches(['(', '[']);
        let closed = opened.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '…']);
        let word = ["'s", "\u{2019}s"].iter().find_map(|end| closed.strip_suffix(end)).unwrap_or(closed);
        let start = all.end - opened.len();
        Token { word: start..start + word.len(), all }
    }
}

impl Words {
    pub(super) fn of(lens: &Lens) -> Words {
        let mut said: Vec<(String, String)> = Vec::new();
        for step in lens.steps() {
            let Step::Word(from, to) = step else { continue };
            let from = from.raw().split_whitespace().collect::<Vec<_>>().join(" ");
            said.retain(|(known, _)| *known != from);
            said.push((from, to.raw().trim().to_owned()));
        }
        let plurals: Vec<(String, String)> = said.iter().map(|(from, to)| (plural(from), plural(to))).collect();
        for (from, to) in plurals {
            if !said.iter().any(|(known, _)| *known == from) {
                said.push((from, to));
            }
        }
        let meant = said.iter().filter(|(from, to)| !from.is_empty() && !to.is_empty());
        let mut rules: Vec<Rule> = meant.map(|(from, to)| Rule::new(from, to)).collect();
        rules.sort_by_key(|rule| std::cmp::Reverse(rule.from.len()));
        let has_units = lens.steps().iter().any(|step| matches!(step, Step::Sizes(_) | Step::ColumnIn(..)));
        Words { rules, has_units, without_vmids: lens.hides_vmids() }
    }

    /// Whether every sentence stays as it is.
    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty() && !self.has_units && !self.without_vmids
    }

    /// What stands in texts that may be changed, in small letters.
    pub(super) fn marks(&self) -> Vec<String> {
        let sizes: &[&str] = if self.has_units { &["kib", "mib", "gib", "tib"] } else { &[] };
        let words = self.rules.iter().map(|rule| rule.key().to_lowercase());
        words.chain(sizes.iter().map(|size| (*size).to_owned())).collect()
    }

    /// The word of this lens that this name is.
    pub(super) fn named(&self, name: &str) -> Option<String> {
        let is_name = |rule: &&Rule| rule.from.len() == 1 && rule.is_word(0, name);
        self.rules.iter().find(is_name).map(Rule::key)
    }

    /// A sentence in these words, with its sizes in this unit. What is left as it is, since something is called so, is
    /// added to `left`.
    pub(super) fn say(&self, text: &str, unit: Option<&Unit>, heard: &Heard, left: &mut BTreeSet<String>) -> String {
        let text = match self.without_vmids {
            true => without_vmids(text),
            false => text.to_owned(),
        };
        let tokens = tokens(&text);
        let mut said = String::with_capacity(text.len());
        let (mut done, mut n) = (0, 0);
        while n < tokens.len() {
            let found = match unit.and_then(|unit| size(unit, &text, &tokens, n)) {
                Some(found) => Some(found).filter(|(part, ..)| !heard.has_said(&text, part)),
                None => self.at(&text, &tokens, n, heard, left),
            };
            let Some((replaced, words, by)) = found else {
                n += 1;
                continue;
            };
            let before = &text[done..replaced.start];
            said.push_str(&with_article(before, &text[replaced.clone()], &by));
            said.push_str(&by);
            done = replaced.end;
            n += words;
        }
        said.push_str(&text[done..]);
        said
    }

    /// What is replaced from this word on, how many words that are, and by what.
    fn at(&self, text: &str, tokens: &[Token], n: usize, heard: &Heard, left: &mut BTreeSet<String>) -> Option<Found> {
        let word = |n: usize| tokens.get(n).map(|token| &text[token.word.clone()]);
        let fits = |rule: &&Rule| {
            let count = rule.from.len();
            // Between the words of a rule nothing ends.
            let is_one = |n: usize| {
                tokens[n].all.end == tokens[n].word.end && tokens[n + 1].all.start == tokens[n + 1].word.start
            };
            (0..count).all(|k| word(n + k).is_some_and(|word| rule.is_word(k, word))) && (n..n + count - 1).all(is_one)
        };
        let rule = self.rules.iter().find(fits)?;
        let replaced = tokens[n].word.start..tokens[n + rule.from.len() - 1].word.end;
        if heard.is_a_name(&rule.key()) {
            left.insert(rule.key());
            return None;
        }
        if heard.has_said(text, &replaced) {
            return None;
        }
        let is_capital = !rule.exact && uncapitalised(word(n)?).is_some();
        let by = if is_capital { capitalised(&rule.to) } else { rule.to.clone() };
        Some((replaced, rule.from.len(), by))
    }
}

/// A size that begins with this word, how many words it has, and the same in another unit: `4 GiB`, `32 of 96 GiB`.
fn size(unit: &Unit, text: &str, tokens: &[Token], n: usize) -> Option<Found> {
    let word = |n: usize| tokens.get(n).map(|token| &text[token.word.clone()]);
    let about = |n: usize, name: &str| {
        let number = word(n)?.parse::<f64>().ok().filter(|size| size.is_finite() && *size >= 0.0)?;
        let one = bytes_of(name)?;
        // Sizes below ten are said to the tenth.
        Some(unit.about(number * one, if number < 10.0 { one / 10.0 } else { one }))
    };
    word(n)?.starts_with(|first: char| first.is_ascii_digit()).then_some(())?;
    let (words, by) = match word(n + 1)? {
        "of" => {
            let name = word(n + 3)?;
            (4, format!("{} of {}", about(n, name)?.figures(), about(n + 2, name)?))
        }
        name => (2, about(n, name)?.to_string()),
    };
    Some((tokens[n].word.start..tokens[n + words - 1].word.end, words, by))
}

/// What stands before a word, with the article that its replacement takes.
fn with_article(before: &str, word: &str, by: &str) -> String {
    let begins_with_vowel = |word: &str| word.chars().next().is_some_and(|first| "aeiouAEIOU".contains(first));
    let (was, is) = (begins_with_vowel(word), begins_with_vowel(by));
    let changed = |from: &str, to: &str| {
        let rest = before.strip_suffix(from)?;
        (rest.is_empty() || rest.ends_with([' ', '('])).then(|| format!("{rest}{to}"))
    };
    let changed = match (was, is) {
        (false, true) => changed("a ", "an ").or_else(|| changed("A ", "An ")),
        (true, false) => changed("an ", "a ").or_else(|| changed("An ", "A ")),
        _ => None,
    };
    changed.unwrap_or_else(|| before.to_owned())
}

/// A sentence without the numbers of guests that stand beside their names: `web-1 · VM 101`, `web-1 (VM 101 on pve1)`.
fn without_vmids(text: &str) -> String {
    let tokens = tokens(text);
    let word = |n: usize| tokens.get(n).map(|token: &Token| &text[token.word.clone()]);
    let (mut said, mut done) = (String::with_capacity(text.len()), 0);
    for n in 1..tokens.len() {
        let (kind, number) = (&tokens[n], tokens.get(n + 1));
        let (Some("VM" | "CT"), Some(number)) = (word(n), number) else { continue };
        if !text[number.word.clone()].bytes().all(|digit| digit.is_ascii_digit()) || number.word.is_empty() {
            continue;
        }
        let before = &tokens[n - 1];
        let (from, to) = match (word(n - 1), text[kind.all.clone()].starts_with('(')) {
            (Some("·"), _) if n > 1 => (tokens[n - 2].all.end, number.word.end),
            // All that stands in its parentheses.
            (_, true) if text[number.all.clone()].contains(')') => (before.all.end, number.word.end + 1),
            (_, true) => (kind.word.start, tokens.get(n + 2).map_or(number.all.end, |next| next.all.start)),
            _ => continue,
        };
        said.push_str(&text[done..from]);
        done = to;
    }
    said.push_str(&text[done..]);
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lens: &Lens, text: &str) -> String {
        let unit = lens.sizes().filter(|unit| unit.is_size());
        Words::of(lens).say(text, unit, &Heard::default(), &mut BTreeSet::new())
    }

    #[track_caller]
    fn says(lens: &Lens, pairs: &[(&str, &str)]) {
        for (before, after) in pairs {
            assert_eq!(said(lens, before), *after, "{before}");
        }
    }

    #[test]
    fn a_word_is_replaced_where_it_stands_alone_with_its_capital_its_plural_and_its_article() {
        let lens = Lens::new("finance").word("guest", "server").word("node", "area").word("virtual machine", "server");
        says(
            &lens,
            &[
                ("40 guests: 25 running (of 41 guests).", "40 servers: 25 running (of 41 servers)."),
                ("Guests", "Servers"),
                ("A guest's disks; a node, the nodes.", "A server's disks; an area, the areas."),
                ("Every virtual machine", "Every server"),
                ("virtual  machines", "servers"),
                ("a virtual, machine", "a virtual, machine"),
                ("the guest", "the server"),
                ("GUEST", "GUEST"),
            ],
        );
    }

    #[test]
    fn names_paths_code_and_quoted_words_stay() {
        let lens = Lens::new("finance").word("guest", "server").word("node", "host");
        for kept in [
            "guest-1 is stopped",
            "web.guest and guest@pve and guest/pve1",
            "GET /nodes/pve1/guest",
            "pve.guest(101)?.start() or guest.start()",
            ".filter(|guest| guest.is_running())",
            "There is no \"guest\"",
            "UPID:node:0001:guest:",
            "node=pve1",
        ] {
            assert_eq!(said(&lens, kept), kept);
        }
    }

    #[test]
    fn a_word_with_a_capital_is_meant_letter_by_letter_and_a_plural_of_its_own_holds() {
        let lens = Lens::new("german").word("guest", "Gast").word("guests", "Gäste").word("VM", "server");
        says(
            &lens,
            &[("2 guests", "2 Gäste"), ("Guests, a guest", "Gäste, a Gast"), ("VM vm VMs", "server vm servers")],
        );
        // What is said instead is not replaced again.
        let swapped = Lens::new("odd").word("guest", "node").word("node", "guest");
        says(&swapped, &[("a guest on a node", "a node on a guest")]);
    }

    #[test]
    fn sizes_in_sentences_are_shown_in_the_unit_and_rates_are_not() {
        let lens = Lens::new("finance").sizes_in(Unit::GB);
        says(
            &lens,
            &[
                ("It holds 4 GiB, 32 of 96 GiB of memory.", "It holds 4.3 GB, 34 of 103 GB of memory."),
                ("(1.5 TiB), 282 GiB", "(1600 GB), 303 GB"),
                ("5.2 TiB, 8 TiB, 0 B", "5700 GB, 8800 GB, 0 GB"),
                ("12 MiB/s and 4GiB and 3 of 4 guests", "12 MiB/s and 4GiB and 3 of 4 guests"),
            ],
        );
        says(&Lens::new("priced").sizes_in(Unit::per_gib(1.0, "EUR")), &[("4 GiB", "4 GiB")]);
    }

    #[test]
    fn the_number_of_a_guest_is_left_out_where_its_name_stands_beside_it() {
        let lens = Lens::new("customer").hide_vmids();
        says(
            &lens,
            &[
                ("web-1 · VM 101", "web-1"),
                ("Start web-1 (VM 101 on pve1).", "Start web-1 (on pve1)."),
                ("Backups of web-1 (CT 204), now", "Backups of web-1, now"),
                ("VM 101 is stopped; VM 102, VM 103", "VM 101 is stopped; VM 102, VM 103"),
                ("its VM", "its VM"),
            ],
        );
    }
}
