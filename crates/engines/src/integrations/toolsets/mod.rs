//! Toolsets: what may be selected, how agents see it, and what their calls of it become.

mod change;
mod mirror;
mod offer;
mod search;
mod selection;

pub use change::{ToolsetChange, ToolsetEngine};
pub use mirror::check_mirrored;
pub use offer::{call_arguments, offered};
pub use search::{CALL_TOOL, MOST_FOUND, SEARCH_TOOLS, relevance};
pub use selection::select;
