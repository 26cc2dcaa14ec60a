//! The HTTP API over a [`Spine`](crate::Spine): [`router`] for the embedder's own listener, [`serve`] for ours.

pub use portcullis_api::{ApiOptions, ServeLimits, openapi, router, serve, serve_with};
