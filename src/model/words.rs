//! Words of the API that a program wants to match on: an enum of those that are known, and `Other` for all else.

/// `words! { /// … pub enum Name { /// … Known = "known" } }`: reads itself, shows itself, compares with a word.
macro_rules! words {
    ($(#[$about:meta])* pub enum $name:ident { $($(#[$what:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$what])* $variant,)+
            /// A word that this crate does not know.
            Other(crate::text::Text),
        }

        impl $name {
            /// The API's own word.
            pub fn word(&self) -> &str {
                match self {
                    $($name::$variant => $word,)+
                    $name::Other(word) => word.raw(),
                }
            }
        }

        impl From<crate::text::Text> for $name {
            fn from(word: crate::text::Text) -> $name {
                match word.raw() {
                    $($word => $name::$variant,)+
                    _ => $name::Other(word),
                }
            }
        }

        impl crate::loose::Loose for $name {
            fn read(value: crate::loose::Scalar) -> Option<$name> {
                crate::text::Text::read(value).map($name::from)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                crate::text::Text::from(self.word()).fmt(f)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(self, f)
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, word: &&str) -> bool {
                self.word() == *word
            }
        }

        impl From<$name> for crate::page::Cell {
            fn from(word: $name) -> crate::page::Cell {
                crate::page::Cell::from(word.to_string())
            }
        }
    };
}
pub(crate) use words;
