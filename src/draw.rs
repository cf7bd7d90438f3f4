//! Drawings: geometry first, pure and tested as such; then SVG with presentation attributes only, on its own ground.
//!
//! They take plain scenes, and know neither the model nor the wire.

#[cfg(test)]
pub(crate) mod apart;
pub(crate) mod layers;
mod paper;
pub(crate) mod svg;
pub(crate) mod timeline;
pub(crate) mod topology;
pub(crate) mod treemap;
