//! A page as HTML.
use crate::page::Page;
impl Page {
    /// As HTML.
    pub fn html(&self) -> String {
        String::new()
    }
}
