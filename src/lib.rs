//! Explain a Proxmox VE cluster, and act on it, from a Rust Jupyter notebook.
mod error;
mod page;
mod render;
mod text;
mod twin;
mod units;
mod wire;

pub use error::Error;
pub use page::*;
pub use render::View;
pub use text::Text;
pub use units::*;
pub use wire::*;
