//! The operations `controls.killswitch.*`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Freeze, FreezeTarget};
use crate::operation::operations;
use crate::text::Reason;

operations! {
    ThrowKillSwitch => Freeze, "controls.killswitch.freeze", Admin, Write,
        "Freeze the tenant, a key, a server or a tool: its calls are refused at once";
    ReleaseKillSwitch => KillSwitchStatus, "controls.killswitch.unfreeze", Admin, Write, "Release what was frozen";
    GetKillSwitch => KillSwitchStatus, "controls.killswitch.get_status", Read, Read, "Read what is frozen";
}

/// Freezes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ThrowKillSwitch {
    /// What.
    pub target: FreezeTarget,
    /// Why.
    pub reason: Reason,
}

/// Releases.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseKillSwitch {
    /// What.
    pub target: FreezeTarget,
    /// Why.
    pub reason: Reason,
}

/// Reads the switch.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetKillSwitch {}

/// What is frozen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct KillSwitchStatus {
    /// Whether the whole tenant is.
    pub tenant_frozen: bool,
    /// Everything that is, newest first; at most 1000.
    pub freezes: Vec<Freeze>,
}
