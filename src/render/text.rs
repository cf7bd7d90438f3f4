//! A page as text.
use crate::page::Page;
impl Page {
    /// As text.
    pub fn text(&self) -> String {
        String::new()
    }
}
