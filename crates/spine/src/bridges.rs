//! Bridges: how a handler of one domain reaches another. Each adds a check or a translation, holds no state and takes
//! no session.

mod api_keys;
mod controls;
mod policies;

pub(crate) use api_keys::ApiKeysBridge;
pub(crate) use controls::ControlsBridge;
pub(crate) use policies::PoliciesBridge;
