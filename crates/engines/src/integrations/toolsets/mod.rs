//! Toolsets: what may be selected, how agents see it, and what their calls of it become.

mod change;
mod offer;
mod selection;

pub use change::{ToolsetChange, ToolsetEngine};
pub use offer::{call_arguments, offered};
pub use selection::select;
