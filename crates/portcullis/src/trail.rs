//! The trail for auditors: checkpoints on demand, and the export that they verify offline.
//!
//! A running [`Spine`](crate::Spine) makes checkpoints by itself, once its background work is started.

pub use portcullis_spine::{CheckpointError, Checkpointer, ExportError, Exported, export};
pub use portcullis_vault::CheckpointKeys;
pub use portcullis_vault::signing::public_key;
