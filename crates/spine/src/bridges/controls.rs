//! The kill switch, for handlers that reach out.

use portcullis_engines::controls::frozen_error;
use portcullis_schemas::Error;
use portcullis_schemas::controls::{Freeze, FreezeTarget};

use crate::scene::Scene;

/// Asks the controls domain whether something is frozen.
pub(crate) struct ControlsBridge;

impl ControlsBridge {
    /// Refuses when one of these is frozen.
    ///
    /// # Errors
    /// `frozen`, or when the switch cannot be read.
    pub(crate) async fn refuse_if_frozen(scene: &Scene, targets: &[FreezeTarget]) -> Result<(), Error> {
        let mut work = scene.read().await?;
        Self::refuse(work.kill_switch().first_frozen(scene.tenant(), targets).await?.as_ref())
    }

    /// Refuses when something was found frozen.
    ///
    /// # Errors
    /// `frozen`.
    pub(crate) fn refuse(found: Option<&Freeze>) -> Result<(), Error> {
        match found {
            Some(freeze) => Err(frozen_error(&freeze.target)),
            None => Ok(()),
        }
    }
}
