//! Where everything runs: the cluster's objects as the scene that is drawn.

use crate::error::Error;
use crate::page::Figure;
use crate::session::Session;

pub(super) fn draw(_session: &Session) -> Result<Figure, Error> {
    Err(Error::setup("not yet", "not yet"))
}
